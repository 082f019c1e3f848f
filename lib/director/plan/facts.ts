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
  /** Why the node cannot serve a family; such a family is planned as if nobody had asked for it. */
  readonly unavailable?: Partial<Record<Family, string>>
  /** Release of the running kernel: `'6.1.0-18-amd64'`. */
  readonly kernelRelease: string
  /** Processors of the machine: the size of conntrack's table is given for each. @default 1 */
  readonly processors?: number
  /** Whether this iptables knows MASQUERADE --random-fully (1.6.2). @default true */
  readonly iptablesRandomFully?: boolean
}

/** Facts in the form that planning asks for them. */
export interface NodeView {
  readonly name: string
  readonly zone: string | undefined
  readonly kernelRelease: string
  readonly processors: number
  readonly iptablesRandomFully: boolean
  primary(family: Family): string | undefined
  /** Addresses on which node ports are served, sorted. */
  nodePortAddresses(family: Family): readonly string[]
  /** Where health checks listen; `undefined`: on all addresses. As kube-proxy: on those that serve node ports, where these are chosen. */
  readonly healthCheckAddresses: readonly string[] | undefined
  /** Whether an interface other than the dummy link has the address: then it must not be bound a second time. */
  hasElsewhere(address: string): boolean
  /** Whether it is an address of the node itself, and none that some director bound. */
  isOwn(address: string): boolean
}

/** @throws InvalidArgumentError naming the fact */
export function viewNode(facts: NodeFacts, options: ResolvedOptions): NodeView {
  check.object('facts', facts)
  const all = ownAddresses(facts, options.names.link)
  const own = all.filter((entry) => !isOfAnotherDirector(entry)).map(({ address }) => address)
  const primary = (family: Family): string | undefined =>
    options.nodeIPs[family] ??
    facts.primary?.[family] ??
    own.find((address) => familyOf(address) === family && isReachable(address))
  const servedOf = (family: Family): readonly string[] => {
    const candidates = own.filter((address) => familyOf(address) === family && isReachable(address))
    const serves = servesNodePorts(family, options.nodePortAddresses, primary(family))
    return [...new Set(candidates.filter(serves))].sort()
  }
  const nodePorts = { inet: servedOf('inet'), inet6: servedOf('inet6') }
  const elsewhere = new Set(all.map(({ address }) => address))
  const ofNode = new Set(own)
  return {
    name: check.text('facts.name', facts.name),
    zone: facts.zone,
    kernelRelease: facts.kernelRelease,
    processors: check.integer('facts.processors', facts.processors ?? 1, 1, 65536),
    iptablesRandomFully: facts.iptablesRandomFully ?? true,
    primary,
    nodePortAddresses: (family) => nodePorts[family],
    healthCheckAddresses:
      options.nodePortAddresses.length === 0
        ? undefined
        : options.families.flatMap((family) => nodePorts[family]),
    hasElsewhere: (address) => elsewhere.has(address),
    isOwn: (address) => ofNode.has(address),
  }
}

/** Of all interfaces but the dummy link, in the order given. */
function ownAddresses(facts: NodeFacts, link: string): InterfaceAddress[] {
  return check
    .list('facts.addresses', facts.addresses)
    .filter((entry) => entry.interface !== link)
    .map(({ interface: name, address }, index) => {
      // Link-local addresses may come with their zone (fe80::1%eth0), which is no part of the address.
      const found = canonicalAddress(address.replace(/%.*$/, ''))
      return {
        interface: name,
        address: found ?? check.address(`facts.addresses[${index}].address`, address),
      }
    })
}

/** A dummy link of another director, or kube-proxy's: what is bound to it are virtual addresses, and none of the node's. */
function isOfAnotherDirector({ interface: name }: InterfaceAddress): boolean {
  return name.endsWith('-ipvs0')
}

/** Loopback never serves node ports: the kernel drops its packets on other interfaces. */
function isReachable(address: string): boolean {
  return !isLoopback(address) && !isIpv6LinkLocal(address)
}

/** Prefixes of the other family only leave this family with all of its addresses; without a primary one it has none. */
function servesNodePorts(
  family: Family,
  chosen: ResolvedOptions['nodePortAddresses'],
  primary: string | undefined,
): (address: string) => boolean {
  if (chosen === 'primary') return (address) => address === primary
  const prefixes = chosen.filter((prefix) => prefix.family === family)
  return (address) => prefixes.length === 0 || prefixes.some((prefix) => prefixHolds(prefix, address))
}
