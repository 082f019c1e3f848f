/**
 * Adds fragments up to one kernel state, and remembers which parts of it were touched. Replacing the fragment of one
 * service costs what that service asks for, however many others there are.
 */
import type { IptablesState } from '../../iptables/types.js'
import type { Family } from '../../ipvs/types.js'
import { Claims } from './claims.js'
import { CountedSet } from './counted-set.js'
import type { NodeView } from './facts.js'
import type { Fragment, OutFilter } from './fragment.js'
import { familyOf } from '../input/ip.js'
import type { ResolvedOptions } from '../options.js'
import { planIptables } from './rules.js'
import { emptyScope, type Scope, touchEntry, widenScope } from '../state/scope.js'
import { defineSet, type SetDefinition, type SetRole, setRoles } from '../state/sets.js'
import type {
  HealthCheckState,
  KernelState,
  SetState,
  TimeoutState,
  VirtualServerState,
} from '../state/state.js'
import { planSysctls, planTimeouts } from './sysctls.js'

/** A set that is being planned: its definition is replaced when it outgrows it. */
interface PlannedSet extends SetState {
  definition: SetDefinition
  readonly held: CountedSet
}

const noFlows: KernelState['staleFlows'] = new Map()

export class Ledger {
  readonly #services = new Claims<string, VirtualServerState>()
  readonly #healthChecks = new Claims<number, HealthCheckState>()
  readonly #sets = new Map<string, PlannedSet>()
  readonly #addresses = new CountedSet()
  readonly #outFilters = new CountedSet()
  readonly #outFilterValues = new Map<string, OutFilter>()
  readonly #iptables = new Map<Family, IptablesState>()
  readonly #staleRules = new Set<Family>()
  readonly #sysctls: ReadonlyMap<string, string>
  readonly #timeouts: TimeoutState
  #scope = emptyScope()

  constructor(
    private readonly node: NodeView,
    private readonly options: ResolvedOptions,
  ) {
    this.#sysctls = planSysctls(node, options)
    this.#timeouts = planTimeouts(options)
    for (const family of options.families) {
      this.#staleRules.add(family)
      for (const role of setRoles) {
        const name = options.names.set(role, family)
        const held = new CountedSet()
        const definition = defineSet(role, family, name, options.maxElements)
        this.#sets.set(name, { definition, held, entries: held.members })
      }
    }
  }

  /** What all fragments come to. A live view: it changes with the next {@link replace}. */
  state(): KernelState {
    this.#writeRules()
    return {
      services: this.#services.winners,
      sets: this.#sets,
      iptables: this.#iptables,
      link: { name: this.options.names.link, addresses: this.#addresses.members },
      sysctls: this.#sysctls,
      timeouts: this.#timeouts,
      staleFlows: noFlows,
      healthChecks: this.#healthChecks.winners,
    }
  }

  /** What was touched since the last call. */
  takeScope(): Scope {
    this.#writeRules()
    const scope = this.#scope
    this.#scope = emptyScope()
    return scope
  }

  /** Adds to what was touched. */
  touch(scope: Scope): void {
    widenScope(this.#scope, scope)
  }

  /** Puts `next` in the place of `previous`, both of one owner; either may be absent. */
  replace(previous: Fragment | undefined, next: Fragment | undefined): void {
    // First what comes, then what goes: what both ask for is never gone in between.
    if (next !== undefined) this.#add(next)
    if (previous !== undefined) this.#remove(previous, next)
  }

  /** Keys of services that an older owner has, with the owners that want them in vain. */
  *lostKeys(): Generator<{ readonly key: string; readonly owner: string }> {
    for (const [key, { owner = '' }] of this.#services.lost()) yield { key, owner }
  }

  #add(fragment: Fragment): void {
    const { rank, owner } = fragment
    for (const [key, wanted] of fragment.services) {
      if (this.#services.claim(key, rank, wanted)) this.#scope.services.add(key)
    }
    for (const { set, entry } of fragment.entries) this.#holdEntry(set, entry)
    for (const address of fragment.addresses) {
      if (this.#addresses.hold(address)) this.#scope.addresses.add(address)
    }
    for (const [text, filter] of fragment.outFilters) this.#holdOutFilter(text, filter)
    const { healthCheck: check } = fragment
    if (check === undefined) return
    const { healthCheckAddresses: addresses } = this.node
    const wanted = {
      owner,
      localEndpoints: check.localEndpoints,
      ...(addresses !== undefined && { addresses }),
    }
    if (this.#healthChecks.claim(check.port, rank, wanted)) this.#scope.healthChecks.add(check.port)
  }

  #remove(fragment: Fragment, next: Fragment | undefined): void {
    const { rank } = fragment
    const stays = next?.rank === rank ? next : undefined
    for (const key of fragment.services.keys()) {
      if (stays?.services.has(key) === true) continue
      if (this.#services.release(key, rank)) this.#scope.services.add(key)
    }
    for (const { set, entry } of fragment.entries) this.#releaseEntry(set, entry)
    for (const address of fragment.addresses) {
      if (this.#addresses.release(address)) this.#scope.addresses.add(address)
    }
    for (const text of fragment.outFilters.keys()) this.#releaseOutFilter(text)
    const { healthCheck: check } = fragment
    if (check === undefined || stays?.healthCheck?.port === check.port) return
    if (this.#healthChecks.release(check.port, rank)) this.#scope.healthChecks.add(check.port)
  }

  #holdEntry(name: string, entry: string): void {
    const set = this.#sets.get(name)
    if (set?.held.hold(entry) !== true) return
    touchEntry(this.#scope, name, entry)
    if (set.entries.size === 1) this.#staleRules.add(set.definition.family)
    if (set.entries.size > set.definition.maxElements) this.#grow(name, set)
  }

  #releaseEntry(name: string, entry: string): void {
    const set = this.#sets.get(name)
    if (set?.held.release(entry) !== true) return
    touchEntry(this.#scope, name, entry)
    if (set.entries.size === 0) this.#staleRules.add(set.definition.family)
  }

  /** Twice the room, so that growing stays rare; a set never shrinks while the director lives. */
  #grow(name: string, set: PlannedSet): void {
    set.definition = { ...set.definition, maxElements: set.definition.maxElements * 2 }
    this.#scope.sets.add(name)
  }

  #holdOutFilter(text: string, filter: OutFilter): void {
    if (!this.#outFilters.hold(text)) return
    this.#outFilterValues.set(text, filter)
    this.#staleRules.add(familyOf(filter.address))
  }

  #releaseOutFilter(text: string): void {
    const filter = this.#outFilterValues.get(text)
    if (filter === undefined || !this.#outFilters.release(text)) return
    this.#outFilterValues.delete(text)
    this.#staleRules.add(familyOf(filter.address))
  }

  #writeRules(): void {
    for (const family of this.#staleRules) {
      this.#iptables.set(family, planIptables(family, this.options, this.#ruleFacts(family)))
      this.#scope.iptables.add(family)
    }
    this.#staleRules.clear()
  }

  #ruleFacts(family: Family): Parameters<typeof planIptables>[2] {
    const outFilters = [...this.#outFilterValues]
      .filter(([, filter]) => familyOf(filter.address) === family)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, filter]) => filter)
    return {
      outFilters,
      hasEntries: (role: SetRole) =>
        (this.#sets.get(this.options.names.set(role, family))?.entries.size ?? 0) > 0,
      randomFully: this.node.iptablesRandomFully,
    }
  }
}
