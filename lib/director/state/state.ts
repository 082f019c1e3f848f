/**
 * The neutral forwarding state: everything that the director wants in the kernel of one node, as data. It says what
 * is forwarded where and knows nothing of the way it gets there; observed state has the same shape, so that the two
 * can be compared.
 */
import { formatEndpoint } from '../../address.js'
import type { IptablesState } from '../../iptables/types.js'
import type { AddressServiceKey, Family, Server, Service, ServiceKey, Timeouts } from '../../ipvs/types.js'
import type { SetDefinition } from './sets.js'

/** A virtual service with its real servers, by `address:port`. */
export interface VirtualServerState {
  readonly service: Service
  readonly servers: ReadonlyMap<string, Server>
  /** Whose wish it is: `namespace/name` of a Kubernetes service, or the name of a plain one. Absent when observed. */
  readonly owner?: string
  /** Longest time that a server is drained before it is removed all the same, seconds. */
  readonly drainTimeoutSeconds?: number
}

export interface SetState {
  readonly definition: SetDefinition
  /** In ipset's own syntax: `10.0.0.1,tcp:80`. */
  readonly entries: ReadonlySet<string>
}

/** An HTTP server that tells load balancers how many endpoints this node has for a service. */
export interface HealthCheckState {
  readonly owner: string
  readonly localEndpoints: number
  /** Where it listens. @default all addresses */
  readonly addresses?: readonly string[]
}

export interface LinkState {
  readonly name: string
  /** Bound as /32 and /128; one that others bound otherwise has its prefix: `10.0.0.1/24`. */
  readonly addresses: ReadonlySet<string>
}

export type TimeoutState = ReadonlyMap<keyof Timeouts, number>

export interface KernelState {
  /** By {@link serviceKeyText}. */
  readonly services: ReadonlyMap<string, VirtualServerState>
  /** By name. */
  readonly sets: ReadonlyMap<string, SetState>
  /** Chains, rules and jumps, by family. */
  readonly iptables: ReadonlyMap<Family, IptablesState>
  /** `undefined`: there is no such link. */
  readonly link: LinkState | undefined
  /** By name with dots: `net.ipv4.vs.conntrack`. */
  readonly sysctls: ReadonlyMap<string, string>
  /** Connection timeouts of IPVS: planned are those that were asked for. */
  readonly timeouts: TimeoutState
  /** By port. */
  readonly healthChecks: ReadonlyMap<number, HealthCheckState>
  /**
   * UDP services, by their key, of which conntrack may remember flows to servers that they do not have. No plan wants any.
   */
  readonly staleFlows: ReadonlyMap<string, ServiceKey>
}

/** A kernel that nobody has touched. */
export function emptyState(): KernelState {
  return {
    services: new Map(),
    sets: new Map(),
    iptables: new Map(),
    link: undefined,
    sysctls: new Map(),
    timeouts: new Map(),
    healthChecks: new Map(),
    staleFlows: new Map(),
  }
}

/** One text for one key: `tcp 10.0.0.1:80`, `udp [fd00::1]:53`, `fwmark 7 inet`. */
export function serviceKeyText(key: ServiceKey): string {
  return 'fwmark' in key ? `fwmark ${key.fwmark} ${key.family}` : addressKeyText(key)
}

function addressKeyText(key: AddressServiceKey): string {
  return `${key.protocol} ${formatEndpoint(key.address, key.port)}`
}

/** The key alone, without the options that a service carries besides. */
export function keyOf(service: ServiceKey): ServiceKey {
  return 'fwmark' in service
    ? { fwmark: service.fwmark, family: service.family }
    : { protocol: service.protocol, address: service.address, port: service.port }
}
