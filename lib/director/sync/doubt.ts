/**
 * What is left alone while nobody knows what a refused object asked for when it still made sense: in the kernel it looks
 * like something that nobody wishes. So nothing goes that this process has not known for a wish of its own, and no server
 * of a service whose slice was refused. Other things that nobody wishes wait with it until the object comes right.
 */
import { withLeavingRules } from '../../iptables/diff.js'
import type { Doubt } from '../plan/refusals.js'
import type { Known } from './ownership.js'
import type { KernelState, SetState, VirtualServerState } from '../state/state.js'
import { paced, type Steps } from '../../turns.js'

/** Our part of the observed state, without what is in doubt. */
export function* withoutDoubtful(ours: KernelState, doubt: Doubt, known: Known): Steps<KernelState> {
  const states = known.held === undefined ? [known.planned] : [known.planned, known.held]
  const services = new Map<string, VirtualServerState>()
  yield* paced(ours.services, ([key, state]) => {
    const owner = states.map((one) => one.services.get(key)?.owner).find((one) => one !== undefined)
    if (owner === undefined) return
    const isDoubtful = doubt.owners.has(owner)
    services.set(key, isDoubtful ? withKnownServers(key, state, states) : state)
  })
  const sets = new Map<string, SetState>()
  for (const [name, set] of ours.sets)
    sets.set(name, { ...set, entries: yield* among(set.entries, states, name) })
  const addresses = yield* among(ours.link?.addresses ?? [], states)
  const staleFlows = new Map([...ours.staleFlows].filter(([key]) => !isDoubtfulService(key, doubt, known)))
  return { ...ours, services, sets, staleFlows, link: ours.link && { name: ours.link.name, addresses } }
}

/** The planned state with the rules that stand there now: each may be about something in doubt. */
export function withDoubtfulRules(held: KernelState, planned: KernelState): KernelState {
  const rules = [...planned.iptables].map(
    ([family, wanted]) => [family, withLeavingRules(held.iptables.get(family), wanted) ?? wanted] as const,
  )
  return { ...planned, iptables: new Map(rules) }
}

function withKnownServers(
  key: string,
  state: VirtualServerState,
  states: readonly KernelState[],
): VirtualServerState {
  const isKnown = (serverKey: string): boolean =>
    states.some(({ services }) => services.get(key)?.servers.has(serverKey) === true)
  return { ...state, servers: new Map([...state.servers].filter(([serverKey]) => isKnown(serverKey))) }
}

/** Those of the values that one of the states has, in the set of that name, or on the link. */
function* among(
  values: Iterable<string>,
  states: readonly KernelState[],
  set?: string,
): Steps<ReadonlySet<string>> {
  const known = states.map((state) =>
    set === undefined ? state.link?.addresses : state.sets.get(set)?.entries,
  )
  const result = new Set<string>()
  yield* paced(values, (value) => {
    if (known.some((one) => one?.has(value) === true)) result.add(value)
  })
  return result
}

function isDoubtfulService(key: string, doubt: Doubt, { planned }: Known): boolean {
  return doubt.owners.has(planned.services.get(key)?.owner ?? '')
}
