/** Applies changes to a state in memory: what the kernel would be after them. */
import { applyIptables } from '../../iptables/diff.js'
import type { IptablesState } from '../../iptables/types.js'
import type { Family, Server, ServiceKey } from '../../ipvs/types.js'
import type { Change } from './changes.js'
import type { SetDefinition } from './sets.js'
import { atOnce, paced, type Steps } from '../../turns.js'
import {
  type HealthCheckState,
  type KernelState,
  keyOf,
  type TimeoutState,
  type VirtualServerState,
} from './state.js'

/** A state that can be changed in place. */
export class MutableState implements KernelState {
  readonly services = new Map<string, VirtualServerState>()
  readonly sets = new Map<string, { definition: SetDefinition; readonly entries: Set<string> }>()
  readonly iptables = new Map<Family, IptablesState>()
  link: { readonly name: string; readonly addresses: Set<string> } | undefined
  readonly sysctls = new Map<string, string>()
  timeouts: TimeoutState = new Map()
  readonly healthChecks = new Map<number, HealthCheckState>()
  readonly staleFlows = new Map<string, ServiceKey>()

  /** Maps of servers that were made here and may be changed; all others are shared with whoever made them. */
  readonly #ownServers = new WeakSet<ReadonlyMap<string, Server>>()

  /** A copy that later changes to either side do not reach; servers of a service are shared until one changes. */
  static from(state: KernelState): MutableState {
    return atOnce(MutableState.copying(state))
  }

  static *copying(state: KernelState): Steps<MutableState> {
    const copy = new MutableState()
    yield* paced(state.services, ([key, value]) => copy.services.set(key, value))
    for (const [name, { definition, entries }] of state.sets) {
      copy.sets.set(name, { definition, entries: yield* copyingSet(entries) })
    }
    for (const [family, value] of state.iptables) copy.iptables.set(family, value)
    copy.link = state.link && { name: state.link.name, addresses: yield* copyingSet(state.link.addresses) }
    for (const [name, value] of state.sysctls) copy.sysctls.set(name, value)
    copy.timeouts = state.timeouts
    for (const [port, value] of state.healthChecks) copy.healthChecks.set(port, value)
    for (const [key, service] of state.staleFlows) copy.staleFlows.set(key, service)
    return copy
  }

  apply(change: Change): void {
    switch (change.type) {
      case 'setSysctl':
        this.sysctls.set(change.name, change.value)
        break
      case 'setTimeouts':
        this.timeouts = new Map([...this.timeouts, ...change.timeouts])
        break
      case 'createSet':
        this.sets.set(change.definition.name, { definition: change.definition, entries: new Set() })
        break
      case 'growSet':
        this.#grow(change.definition)
        break
      case 'destroySet':
        this.sets.delete(change.definition.name)
        break
      case 'addEntry':
        this.sets.get(change.set)?.entries.add(change.entry)
        break
      case 'removeEntry':
        this.sets.get(change.set)?.entries.delete(change.entry)
        break
      case 'createLink':
        this.link = { name: change.name, addresses: new Set() }
        break
      case 'removeLink':
        this.link = undefined
        break
      case 'addAddress':
        this.link?.addresses.add(change.address)
        break
      case 'removeAddress':
        this.link?.addresses.delete(change.address)
        break
      case 'writeRules':
        this.#writeRules(change)
        break
      case 'openHealthCheck':
      case 'updateHealthCheck':
        this.healthChecks.set(change.port, change.check)
        break
      case 'closeHealthCheck':
        this.healthChecks.delete(change.port)
        break
      default:
        this.#applyToService(change)
    }
  }

  #applyToService(change: Extract<Change, { readonly key: string }>): void {
    switch (change.type) {
      case 'addService':
        this.services.set(change.key, change.state)
        if (change.state.servers.size > 0) this.#doubtFlows(change)
        break
      case 'updateService': {
        const servers = this.services.get(change.key)?.servers ?? this.#newServers()
        this.services.set(change.key, { ...change.state, servers })
        break
      }
      case 'removeService':
        this.services.delete(change.key)
        this.#doubtFlows(change)
        break
      case 'addServer':
        if (this.services.get(change.key)?.servers.size === 0) this.#doubtFlows(change)
        this.#serversOf(change.key)?.set(change.serverKey, change.server)
        break
      case 'updateServer':
        this.#serversOf(change.key)?.set(change.serverKey, change.server)
        break
      case 'removeServer':
        this.#serversOf(change.key)?.delete(change.serverKey)
        this.#doubtFlows(change)
        break
      case 'cleanFlows':
        this.staleFlows.delete(change.key)
        break
    }
  }

  /** UDP flows go on to a server that left, or past the servers of a service that had none, until somebody ends them. */
  #doubtFlows({ key, service }: { readonly key: string; readonly service: ServiceKey }): void {
    if (key.startsWith('udp ')) this.staleFlows.set(key, keyOf(service))
  }

  #newServers(from?: ReadonlyMap<string, Server>): Map<string, Server> {
    const servers = new Map(from)
    this.#ownServers.add(servers)
    return servers
  }

  /** The service's servers, to be changed: copied at the first change. */
  #serversOf(key: string): Map<string, Server> | undefined {
    const present = this.services.get(key)
    if (present === undefined) return undefined
    if (this.#ownServers.has(present.servers)) return present.servers as Map<string, Server>
    const servers = this.#newServers(present.servers)
    this.services.set(key, { ...present, servers })
    return servers
  }

  #grow(definition: SetDefinition): void {
    const present = this.sets.get(definition.name)
    if (present !== undefined) present.definition = definition
  }

  #writeRules({ family, rules }: Extract<Change, { type: 'writeRules' }>): void {
    const next = applyIptables(this.iptables.get(family), rules)
    if (next === undefined) this.iptables.delete(family)
    else this.iptables.set(family, next)
  }
}

function* copyingSet(values: ReadonlySet<string>): Steps<Set<string>> {
  const copy = new Set<string>()
  yield* paced(values, (value) => copy.add(value))
  return copy
}

/** The state after the changes; the given state is left as it is. */
export function apply(state: KernelState, changes: readonly Change[]): KernelState {
  const result = MutableState.from(state)
  for (const change of changes) result.apply(change)
  return result
}
