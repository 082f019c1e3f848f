/**
 * What one service asks of the kernel. Fragments of all services together are the plan; what several of them ask for
 * (a shared address, a set entry) is counted, so that it leaves with the last of them.
 */
import type { Protocol, Service, Server } from '../../ipvs/types.js'
import { serviceKeyText, type VirtualServerState } from '../state/state.js'

/** Traffic from this node to a balancer address whose source ranges do not hold the node: dropped on its way out. */
export interface OutFilter {
  readonly address: string
  readonly protocol: Protocol
  readonly port: number
}

export type TrafficPolicy = 'internal' | 'external'

export interface Fragment {
  readonly owner: string
  /** Among owners that claim the same key, the one with the smallest rank has it. */
  readonly rank: string
  readonly services: ReadonlyMap<string, VirtualServerState>
  /** By name of the set. */
  readonly entries: ReadonlyMap<string, ReadonlySet<string>>
  readonly addresses: ReadonlySet<string>
  /** By their text, see {@link outFilterText}. */
  readonly outFilters: ReadonlyMap<string, OutFilter>
  readonly healthCheck: { readonly port: number; readonly localEndpoints: number } | undefined
  /** Policies that ask for local endpoints where the service has endpoints, and none on this node. */
  readonly withoutLocal: ReadonlySet<TrafficPolicy>
  /** What could not be planned, in words; the rest of the service is planned all the same. */
  readonly problems: readonly string[]
}

export function outFilterText(filter: OutFilter): string {
  return `${filter.protocol} ${filter.address} ${filter.port}`
}

/** Shared by almost all fragments. */
const nobody: ReadonlySet<TrafficPolicy> = new Set()

/** Collects a fragment while a service is compiled. */
export class FragmentBuilder {
  readonly #services = new Map<string, VirtualServerState>()
  readonly #entries = new Map<string, Set<string>>()
  readonly #addresses = new Set<string>()
  readonly #outFilters = new Map<string, OutFilter>()
  readonly #problems: string[] = []
  readonly #withoutLocal = new Set<TrafficPolicy>()
  #healthCheck: Fragment['healthCheck']

  constructor(
    readonly owner: string,
    readonly rank: string,
    private readonly drainTimeoutSeconds: number,
  ) {}

  addService(service: Service, servers: ReadonlyMap<string, Server>): void {
    const { owner, drainTimeoutSeconds } = this
    this.#services.set(serviceKeyText(service), { service, servers, owner, drainTimeoutSeconds })
  }

  addEntry(set: string, entry: string): void {
    const entries = this.#entries.get(set)
    if (entries === undefined) this.#entries.set(set, new Set([entry]))
    else entries.add(entry)
  }

  addAddress(address: string): void {
    this.#addresses.add(address)
  }

  addOutFilter(filter: OutFilter): void {
    this.#outFilters.set(outFilterText(filter), filter)
  }

  setHealthCheck(port: number, localEndpoints: number): void {
    this.#healthCheck = { port, localEndpoints }
  }

  addWithoutLocal(policy: TrafficPolicy): void {
    this.#withoutLocal.add(policy)
  }

  addProblem(problem: string): void {
    if (!this.#problems.includes(problem)) this.#problems.push(problem)
  }

  build(): Fragment {
    return {
      owner: this.owner,
      rank: this.rank,
      services: this.#services,
      entries: this.#entries,
      addresses: this.#addresses,
      outFilters: this.#outFilters,
      healthCheck: this.#healthCheck,
      withoutLocal: this.#withoutLocal.size > 0 ? this.#withoutLocal : nobody,
      problems: this.#problems,
    }
  }
}
