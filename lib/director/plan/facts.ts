/** What the director must know about the node it plans for. Plain data: reading it is somebody else's work. */
import type { Family } from '../../ipvs/types.js'
import * as check from '../input/check.js'
import { canonicalAddress, familyOf, isIpv6LinkLocal, isLoopback, prefixHolds } from '../input/ip.js'
import type { ResolvedOptions } from '../options.js'

export interface InterfaceAddress {
  readonly interface: string
  readonly address: string
}

export interface NodeFacts {
  /** As endpoints name it in `nodeName`. */
  readonly name: string
  /** The node's label topology.kubernetes.io/zone. */
  readonly zone?: string
  /** Every address of the node, the dummy link's included. */
  readonly addresses: readonly InterfaceAddress[]
  /** The node's own address per family. @default the first of `addresses` that is neither loopback nor link-local */
  readonly primary?: Partial<Record<Family, string>>
  /** Release of the running kernel: `'6.1.0-18-amd64'`. */
  readonly kernelRelease: string
  /** Whether this iptables knows MASQUERADE --random-fully (1.6.2). @default true */
  readonly iptablesRandomFully?: boolean
}

/** Facts in the form that planning asks for them. */
export interface NodeView {
  readonly name: string
  readonly zone: string | undefined
  readonly kernelRelease: string
  readonly iptablesRandomFully: boolean
  primary(family: Family): string | undefined
  /** Addresses on which node ports are served, sorted. */
  nodePortAddresses(family: Family): readonly string[]
  /** Where health checks listen; `undefined`: on all addresses. As kube-proxy: on those that serve node ports, where these are chosen. */
  readonly healthCheckAddresses: readonly string[] | undefined
  /** Whether an interface other than the dummy link has the address: then it must not be bound a second time. */
  hasElsewhere(address: string): boolean
}

/** @throws InvalidArgumentError naming the fact */
export function viewNode(facts: NodeFacts, options: ResolvedOptions): NodeView {
  check.object('facts', facts)
  const own = ownAddresses(facts, options.names.link)
  const nodePorts = {
    inet: nodePortAddresses(own, 'inet', options),
    inet6: nodePortAddresses(own, 'inet6', options),
  }
  const all = new Set(own)
  return {
    name: check.text('facts.name', facts.name),
    zone: facts.zone,
    kernelRelease: facts.kernelRelease,
    iptablesRandomFully: facts.iptablesRandomFully ?? true,
    primary: (family) =>
      facts.primary?.[family] ?? own.find((address) => familyOf(address) === family && isReachable(address)),
    nodePortAddresses: (family) => nodePorts[family],
    healthCheckAddresses:
      options.nodePortAddresses.length === 0
        ? undefined
        : options.families.flatMap((family) => nodePorts[family]),
    hasElsewhere: (address) => all.has(address),
  }
}

function ownAddresses(facts: NodeFacts, link: string): string[] {
  return check
    .list('facts.addresses', facts.addresses)
    .filter((entry) => entry.interface !== link)
    .map(({ address }, index) => {
      // Link-local addresses may come with their zone (fe80::1%eth0), which is no part of the address.
      const found = canonicalAddress(address.replace(/%.*$/, ''))
      return found ?? check.address(`facts.addresses[${index}].address`, address)
    })
}

/** Loopback never serves node ports: the kernel drops its packets on other interfaces. */
function isReachable(address: string): boolean {
  return !isLoopback(address) && !isIpv6LinkLocal(address)
}

/** Prefixes of the other family only leave this family with all of its addresses. */
function nodePortAddresses(
  own: readonly string[],
  family: Family,
  options: ResolvedOptions,
): readonly string[] {
  const candidates = own.filter((address) => familyOf(address) === family && isReachable(address))
  const prefixes = options.nodePortAddresses.filter((prefix) => prefix.family === family)
  const chosen =
    prefixes.length === 0
      ? candidates
      : candidates.filter((address) => prefixes.some((prefix) => prefixHolds(prefix, address)))
  return [...new Set(chosen)].sort()
}
