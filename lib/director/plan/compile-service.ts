/** From a Kubernetes service and its endpoints to what it asks of the kernel: kube-proxy's IPVS mode, one service. */
import { formatEndpoint } from '../../address.js'
import type { Family, ForwardingMethod, Server, Service } from '../../ipvs/types.js'
import type { NodeView } from './facts.js'
import { type Fragment, FragmentBuilder, type TrafficPolicy } from './fragment.js'
import { prefixHolds } from '../input/ip.js'
import type { ResolvedOptions } from '../options.js'
import { hasEndpoints, type Selection, selectEndpoints, type Targets } from './select-endpoints.js'
import type { PortSpec, ServiceSpec } from '../input/service-spec.js'
import type { SetRole } from '../state/sets.js'
import type { SliceSpec } from '../input/slice-spec.js'

type ServerMap = ReadonlyMap<string, Server>

export function compileService(
  spec: ServiceSpec,
  slices: readonly SliceSpec[],
  node: NodeView,
  options: ResolvedOptions,
): Fragment {
  const drain = spec.tuning.drainTimeoutSeconds ?? options.drainTimeoutSeconds
  const builder = new FragmentBuilder(spec.name, spec.rank, drain)
  // A pod of two families has an address of each, and is one endpoint.
  let localEndpoints = 0
  for (const family of options.families) {
    if (spec.clusterAddress[family] === undefined) continue
    const local = new Set<string>()
    for (const port of spec.ports) {
      const selection = selectEndpoints(port, family, slices, node)
      new PortCompiler(spec, port, family, selection, node, options, builder).run()
      addReady(local, selection.onThisNode)
    }
    localEndpoints = Math.max(localEndpoints, local.size)
  }
  compileHealthCheck(spec, localEndpoints, options, builder)
  return builder.build()
}

function addReady(addresses: Set<string>, targets: readonly Targets[]): void {
  for (const { endpoints } of targets)
    for (const { address, condition } of endpoints) if (condition.ready) addresses.add(address)
}

function compileHealthCheck(
  spec: ServiceSpec,
  localEndpoints: number,
  options: ResolvedOptions,
  builder: FragmentBuilder,
): void {
  const { healthCheckPort: port } = spec
  if (port === undefined) return
  builder.setHealthCheck(port, localEndpoints)
  for (const family of options.families) {
    if (spec.clusterAddress[family] === undefined) continue
    builder.addEntry(options.names.set('HEALTH-CHECK-NODE-PORT', family), String(port))
  }
}

/** One port of a service in one family. */
class PortCompiler {
  readonly #forwarding: ForwardingMethod
  /** Clients keep their address: a Local policy asks for it, and servers that answer them directly need it. */
  readonly #keepsExternalSource: boolean
  readonly #internal: readonly Targets[]
  readonly #external: readonly Targets[]
  /** Servers of one list are the same for every address that uses it; built once, shared. */
  readonly #servers = new Map<string, ServerMap | undefined>()

  constructor(
    private readonly spec: ServiceSpec,
    private readonly port: PortSpec,
    private readonly family: Family,
    private readonly selection: Selection,
    private readonly node: NodeView,
    private readonly options: ResolvedOptions,
    private readonly builder: FragmentBuilder,
  ) {
    this.#forwarding = spec.tuning.forwarding ?? options.forwarding
    this.#keepsExternalSource = spec.externalLocal || this.#forwarding !== 'masquerade'
    const reachable = this.#isExternallyReachable()
    this.#internal = this.#choose('internal', spec.internalLocal, reachable)
    this.#external = this.#choose('external', spec.externalLocal && reachable, true)
  }

  run(): void {
    this.#loopback()
    this.#cluster()
    for (const address of this.spec.externalAddresses[this.family]) this.#externalAddress(address)
    for (const address of this.spec.balancerAddresses[this.family]) this.#balancerAddress(address)
    if (this.port.nodePort !== undefined) this.#nodePort(this.port.nodePort)
  }

  #isExternallyReachable(): boolean {
    const { spec, family, port } = this
    const addresses = spec.externalAddresses[family].length + spec.balancerAddresses[family].length
    return port.nodePort !== undefined || addresses > 0
  }

  /** A Local policy without local endpoints falls back to all of them, where those are known to be wanted at all. */
  #choose(policy: TrafficPolicy, localOnly: boolean, mayFallBack: boolean): readonly Targets[] {
    const { cluster, local } = this.selection
    if (!localOnly) return cluster
    if (hasEndpoints(local)) return local
    if (hasEndpoints(cluster)) this.builder.addWithoutLocal(policy)
    return mayFallBack && this.options.localFallback ? cluster : local
  }

  /** A local endpoint that reaches itself through the service must see another source than itself. */
  #loopback(): void {
    for (const { port, endpoints } of this.selection.onThisNode) {
      for (const { address } of endpoints)
        this.#entry('LOOP-BACK', `${address},${this.port.protocol}:${port},${address}`)
    }
  }

  #cluster(): void {
    const address = this.spec.clusterAddress[this.family] ?? ''
    if (!this.#virtualService(address, this.port.port, this.#internal)) return
    // Of CLUSTER-IP some or all clients are masqueraded, and would never hear of servers that answer them directly.
    this.#entry(
      this.#forwarding === 'masquerade' ? 'CLUSTER-IP' : 'EXTERNAL-IP-LOCAL',
      this.#addressEntry(address),
    )
    this.#bind(address)
  }

  #externalAddress(address: string): void {
    if (!this.#virtualService(address, this.port.port, this.#external)) return
    const role = this.#keepsExternalSource ? 'EXTERNAL-IP-LOCAL' : 'EXTERNAL-IP'
    this.#entry(role, this.#addressEntry(address))
    if (!this.node.hasElsewhere(address)) this.#bind(address)
  }

  #balancerAddress(address: string): void {
    if (!this.#virtualService(address, this.port.port, this.#external)) return
    this.#entry('LOAD-BALANCER', this.#addressEntry(address))
    if (this.#keepsExternalSource) this.#entry('LOAD-BALANCER-LOCAL', this.#addressEntry(address))
    this.#sourceRanges(address)
    if (!this.node.hasElsewhere(address)) this.#bind(address)
  }

  #sourceRanges(address: string): void {
    const ranges = this.spec.sourceRanges[this.family]
    if (ranges.length === 0) return
    const entry = this.#addressEntry(address)
    this.#entry('LOAD-BALANCER-FW', entry)
    for (const range of ranges) {
      // A range of one address is stored, and printed by ipset, without its length.
      const whole = range.length === (this.family === 'inet' ? 32 : 128)
      const source = whole ? range.text.slice(0, range.text.indexOf('/')) : range.text
      this.#entry('LOAD-BALANCER-SOURCE-CIDR', `${entry},${source}`)
    }
    const own = this.node.primary(this.family)
    // The node reaches the address with that same address as its source, which no range holds.
    if (own !== undefined && ranges.some((range) => prefixHolds(range, own))) {
      this.#entry('LOAD-BALANCER-SOURCE-IP', `${entry},${address}`)
    } else {
      this.builder.addOutFilter({ address, protocol: this.port.protocol, port: this.port.port })
    }
  }

  #nodePort(nodePort: number): void {
    const addresses = this.node.nodePortAddresses(this.family)
    if (addresses.length === 0) return
    const served = addresses.filter((address) => this.#virtualService(address, nodePort, this.#external))
    if (served.length === 0) return
    const { protocol } = this.port
    const entries =
      protocol === 'sctp' ? addresses.map((address) => `${address},sctp:${nodePort}`) : [String(nodePort)]
    for (const entry of entries) {
      this.#entry(nodePortSets[protocol].all, entry)
      if (this.#keepsExternalSource) this.#entry(nodePortSets[protocol].local, entry)
    }
  }

  /** False where the service cannot be forwarded as asked; then nothing else is made for the address. */
  #virtualService(address: string, port: number, targets: readonly Targets[]): boolean {
    const servers = this.#serversFor(port, targets)
    if (servers !== undefined) this.builder.addService(this.#service(address, port), servers)
    return servers !== undefined
  }

  #service(address: string, port: number): Service {
    const { spec, options } = this
    const scheduler = spec.tuning.scheduler ?? options.scheduler
    const flags = spec.tuning.schedulerFlags ?? options.schedulerFlags
    // Without the port in its hash, mh would send all connections of one client to one server.
    const schedulerFlags =
      scheduler === 'mh' && !flags.includes('mh-port') ? [...flags, 'mh-port' as const] : flags
    return {
      protocol: this.port.protocol,
      address,
      port,
      scheduler,
      ...(schedulerFlags.length > 0 && { schedulerFlags }),
      ...(spec.affinitySeconds !== undefined && { persistence: { timeoutSeconds: spec.affinitySeconds } }),
    }
  }

  #serversFor(port: number, targets: readonly Targets[]): ServerMap | undefined {
    const list = targets === this.#internal ? 'internal' : 'external'
    const cacheKey = this.#forwarding === 'masquerade' ? list : `${list} ${port}`
    if (!this.#servers.has(cacheKey)) this.#servers.set(cacheKey, this.#buildServers(port, targets))
    return this.#servers.get(cacheKey)
  }

  #buildServers(port: number, targets: readonly Targets[]): ServerMap | undefined {
    const forwarding = this.#forwarding
    const weight = this.spec.tuning.weight ?? this.options.weight
    const result = new Map<string, Server>()
    for (const { port: ownPort, endpoints } of targets) {
      for (const { address } of endpoints) {
        const key = formatEndpoint(address, ownPort)
        if (forwarding !== 'masquerade' && ownPort !== port) {
          this.builder.addProblem(`${key}: forwarding '${forwarding}' cannot change port ${port}`)
          return undefined
        }
        result.set(key, { address, port: ownPort, forwarding, weight })
      }
    }
    return result
  }

  #addressEntry(address: string): string {
    return `${address},${this.port.protocol}:${this.port.port}`
  }

  #entry(role: SetRole, entry: string): void {
    this.builder.addEntry(this.options.names.set(role, this.family), entry)
  }

  #bind(address: string): void {
    if (this.builder.addAddress(address)) this.#entry('IPVS-IPS', address)
  }
}

const nodePortSets = {
  tcp: { all: 'NODE-PORT-TCP', local: 'NODE-PORT-LOCAL-TCP' },
  udp: { all: 'NODE-PORT-UDP', local: 'NODE-PORT-LOCAL-UDP' },
  sctp: { all: 'NODE-PORT-SCTP-HASH', local: 'NODE-PORT-LOCAL-SCTP-HASH' },
} as const satisfies Record<string, { all: SetRole; local: SetRole }>
