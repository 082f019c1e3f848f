/** What turns the observed state of a kernel into the planned one. Pure; the result is in the order of `order.ts`. */
import { diffIptables, withLeavingRules } from '../../iptables/diff.js'
import type { Family, Server } from '../../ipvs/types.js'
import type { Change, ServerChange } from './changes.js'
import { sameHealthCheck, sameServer, sameService } from './compare.js'
import { makesTrafficPossible, orderChanges } from './order.js'
import type { Scope } from './scope.js'
import { type KernelState, keyOf, type SetState, type VirtualServerState } from './state.js'
import { atOnce, paced, type Steps } from '../../turns.js'

/** With a scope, only its parts are compared, and the rest is taken to be as planned. */
export function diff(observed: KernelState, planned: KernelState, scope?: Scope): Change[] {
  return orderChanges(atOnce(comparing(observed, planned, scope)))
}

/** The same in steps, and not yet in order. Neither state may change until it is done. */
export function* comparing(observed: KernelState, planned: KernelState, scope?: Scope): Steps<Change[]> {
  const changes: Change[] = []
  diffSysctls(observed, planned, changes, scope)
  if (scope === undefined || scope.singles.has('timeouts')) diffTimeouts(observed, planned, changes)
  yield* diffSets(observed, planned, changes, scope)
  yield* diffLink(observed, planned, changes, scope)
  for (const key of scope?.services ?? keysOf(observed.services, planned.services)) {
    diffService(key, observed, planned, changes)
    yield
  }
  if (scope === undefined) diffOtherFlows(observed, planned, changes)
  for (const family of scope?.iptables ?? (['inet', 'inet6'] as const)) {
    diffRules(family, observed, planned, changes)
  }
  for (const port of scope?.healthChecks ?? keysOf(observed.healthChecks, planned.healthChecks)) {
    diffHealthCheck(port, observed, planned, changes)
  }
  return changes
}

/** Those of the left one, then those that only the right one has. No copy is made: there may be very many. */
function* keysOf<K>(left: Keys<K>, right: Keys<K>): Generator<K> {
  yield* left.keys()
  for (const key of right.keys()) if (!left.has(key)) yield key
}

type Keys<K> = Pick<ReadonlySet<K>, 'keys' | 'has'>
const nothing: ReadonlySet<string> = new Set()

/** Settings are written, never unwritten: nobody knows what they were before. */
function diffSysctls(observed: KernelState, planned: KernelState, changes: Change[], scope?: Scope): void {
  for (const name of scope?.sysctls ?? planned.sysctls.keys()) {
    const value = planned.sysctls.get(name)
    if (value !== undefined && observed.sysctls.get(name) !== value)
      changes.push({ type: 'setSysctl', name, value })
  }
}

function diffTimeouts(observed: KernelState, { timeouts }: KernelState, changes: Change[]): void {
  const isSet = [...timeouts].every(([name, seconds]) => observed.timeouts.get(name) === seconds)
  if (!isSet) changes.push({ type: 'setTimeouts', timeouts })
}

function* diffSets(observed: KernelState, planned: KernelState, changes: Change[], scope?: Scope): Steps {
  for (const name of scope?.sets ?? keysOf(observed.sets, planned.sets)) {
    diffDefinition(observed.sets.get(name), planned.sets.get(name), changes)
  }
  if (scope === undefined) {
    for (const name of keysOf(observed.sets, planned.sets)) {
      const before = observed.sets.get(name)?.entries ?? nothing
      const after = planned.sets.get(name)?.entries
      // Entries of a set that goes away go with it.
      if (after !== undefined) yield* diffEntries(name, before, after, keysOf(before, after), changes)
    }
    return
  }
  for (const [name, entries] of scope.entries) {
    const before = observed.sets.get(name)?.entries ?? nothing
    const after = planned.sets.get(name)?.entries
    if (after !== undefined) yield* diffEntries(name, before, after, entries, changes)
  }
}

function diffDefinition(before: SetState | undefined, after: SetState | undefined, changes: Change[]): void {
  if (after === undefined) {
    if (before !== undefined) changes.push({ type: 'destroySet', definition: before.definition })
  } else if (before === undefined) {
    changes.push({ type: 'createSet', definition: after.definition })
  } else if (before.definition.maxElements < after.definition.maxElements) {
    changes.push({ type: 'growSet', definition: after.definition })
  }
}

function* diffEntries(
  set: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  entries: Iterable<string>,
  changes: Change[],
): Steps {
  yield* paced(entries, (entry) => {
    const wants = after.has(entry)
    if (before.has(entry) !== wants) changes.push({ type: wants ? 'addEntry' : 'removeEntry', set, entry })
  })
}

function* diffLink(observed: KernelState, planned: KernelState, changes: Change[], scope?: Scope): Steps {
  const [before, after] = [observed.link, planned.link]
  if (after === undefined) {
    if (before !== undefined) changes.push({ type: 'removeLink', name: before.name })
    return
  }
  if (before?.name !== after.name) changes.push({ type: 'createLink', name: after.name })
  const present = before?.name === after.name ? before.addresses : nothing
  yield* paced(scope?.addresses ?? keysOf(present, after.addresses), (address) => {
    const wants = after.addresses.has(address)
    if (present.has(address) === wants) return
    changes.push({ type: wants ? 'addAddress' : 'removeAddress', link: after.name, address })
  })
}

/** Where something comes, rules are written before it; those that leave then go by a change of their own, at the end. */
function diffRules(family: Family, observed: KernelState, planned: KernelState, changes: Change[]): void {
  const [before, after] = [observed.iptables.get(family), planned.iptables.get(family)]
  if (diffIptables(before, after) === undefined) return
  const between = changes.some(makesTrafficPossible) ? withLeavingRules(before, after) : after
  const first = diffIptables(before, between)
  if (first !== undefined) changes.push({ type: 'writeRules', family, rules: first })
  const last = diffIptables(between, after)
  if (last !== undefined) changes.push({ type: 'writeRules', family, rules: last, isLast: true })
}

function diffService(key: string, observed: KernelState, planned: KernelState, changes: Change[]): void {
  const [before, after] = [observed.services.get(key), planned.services.get(key)]
  const stale = observed.staleFlows.get(key)
  if (before === after && stale === undefined) return
  let flowsAreStale: boolean
  if (after === undefined) {
    if (before !== undefined) changes.push({ type: 'removeService', key, service: keyOf(before.service) })
    flowsAreStale = true
  } else if (before === undefined) {
    changes.push({ type: 'addService', key, service: after.service, state: after })
    flowsAreStale = after.servers.size > 0
  } else {
    if (!sameService(before.service, after.service)) {
      changes.push({ type: 'updateService', key, service: after.service, state: after })
    }
    const removed = diffServers(key, before.servers, after, changes)
    flowsAreStale = removed > 0 || (before.servers.size === 0 && after.servers.size > 0)
  }
  const service = stale ?? after?.service ?? before?.service
  if (service !== undefined && (stale !== undefined || (flowsAreStale && key.startsWith('udp ')))) {
    changes.push({ type: 'cleanFlows', key, service: keyOf(service) })
  }
}

/** Of services that are neither there nor wanted. */
function diffOtherFlows(observed: KernelState, planned: KernelState, changes: Change[]): void {
  for (const [key, service] of observed.staleFlows) {
    if (observed.services.has(key) || planned.services.has(key)) continue
    changes.push({ type: 'cleanFlows', key, service })
  }
}

/** Returns how many servers leave. */
function diffServers(
  key: string,
  before: ReadonlyMap<string, Server>,
  after: VirtualServerState,
  changes: Change[],
): number {
  const service = keyOf(after.service)
  const push = (type: ServerChange['type'], serverKey: string, server: Server): void => {
    changes.push({ type, key, service, serverKey, server })
  }
  for (const [serverKey, server] of after.servers) {
    const present = before.get(serverKey)
    if (present === undefined) push('addServer', serverKey, server)
    else if (!sameServer(present, server)) push('updateServer', serverKey, server)
  }
  let removed = 0
  for (const [serverKey, server] of before) {
    if (after.servers.has(serverKey)) continue
    push('removeServer', serverKey, server)
    removed += 1
  }
  return removed
}

function diffHealthCheck(port: number, observed: KernelState, planned: KernelState, changes: Change[]): void {
  const [before, after] = [observed.healthChecks.get(port), planned.healthChecks.get(port)]
  if (after === undefined) {
    if (before !== undefined) changes.push({ type: 'closeHealthCheck', port })
  } else if (before === undefined) {
    changes.push({ type: 'openHealthCheck', port, check: after })
  } else if (!sameHealthCheck(before, after)) {
    changes.push({ type: 'updateHealthCheck', port, check: after })
  }
}
