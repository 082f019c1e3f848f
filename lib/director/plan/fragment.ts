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

export interface SetEntry {
  /** The set's name. */
  readonly set: string
  readonly entry: string
}

/** There are as many as services: lists, and what is empty shared, since a map of its own costs more than what is in it. */
export interface Fragment {
  readonly owner: string
  /** Among owners that claim the same key, the one with the smallest rank has it. */
  readonly rank: string
  readonly services: ReadonlyMap<string, VirtualServerState>
  /** An entry may be there more than once: two ports of a service may ask for the same. */
  readonly entries: readonly SetEntry[]
  /** Each once. */
  readonly addresses: readonly string[]
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

const nobody: ReadonlySet<TrafficPolicy> = new Set()
const noOutFilters: ReadonlyMap<string, OutFilter> = new Map()
const noAddresses: readonly string[] = []
const noProblems: readonly string[] = []

/** Collects a fragment while a service is compiled. */
export class FragmentBuilder {
  readonly #services = new Map<string, VirtualServerState>()
  readonly #entries: SetEntry[] = []
  #addresses: Set<string> | undefined
  #outFilters: Map<string, OutFilter> | undefined
  #problems: Set<string> | undefined
  #withoutLocal: Set<TrafficPolicy> | undefined
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
    this.#entries.push({ set, entry })
  }

  /** False where the service asked for it before. */
  addAddress(address: string): boolean {
    const known = (this.#addresses ??= new Set())
    if (known.has(address)) return false
    known.add(address)
    return true
  }

  addOutFilter(filter: OutFilter): void {
    this.#outFilters ??= new Map()
    this.#outFilters.set(outFilterText(filter), filter)
  }

  setHealthCheck(port: number, localEndpoints: number): void {
    this.#healthCheck = { port, localEndpoints }
  }

  addWithoutLocal(policy: TrafficPolicy): void {
    this.#withoutLocal = (this.#withoutLocal ?? new Set()).add(policy)
  }

  addProblem(problem: string): void {
    this.#problems = (this.#problems ?? new Set()).add(problem)
  }

  build(): Fragment {
    return {
      owner: this.owner,
      rank: this.rank,
      services: this.#services,
      // A copy has no room to grow.
      entries: [...this.#entries],
      addresses: this.#addresses === undefined ? noAddresses : [...this.#addresses],
      outFilters: this.#outFilters ?? noOutFilters,
      healthCheck: this.#healthCheck,
      withoutLocal: this.#withoutLocal ?? nobody,
      problems: this.#problems === undefined ? noProblems : [...this.#problems],
    }
  }
}
