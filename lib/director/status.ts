/** How things stand: what is programmed, what is not as wished, and why. */
import type { UnsupportedFeatureError } from '../errors.js'
import type { Family } from '../ipvs/types.js'
import { type Change, describeChange } from './state/changes.js'
import type { DrainingServer } from './sync/drain.js'
import type { TrafficPolicy } from './plan/fragment.js'
import type { WishCounts } from './metrics/wish-counter.js'
import type { Planner } from './plan/planner.js'
import type { Reconciler } from './sync/reconciler.js'

export interface DirectorStatus {
  readonly started: boolean
  readonly lastSync: Date | undefined
  /** When a wish last came. */
  readonly lastQueued: Date | undefined
  /** How many wishes came since this director was made, and how many of them no pass has taken up. */
  readonly wishes: { readonly services: WishCounts; readonly endpoints: WishCounts }
  /** Kubernetes services whose Local policy finds endpoints, and none on this node. */
  readonly withoutLocalEndpoints: Readonly<Record<TrafficPolicy, number>>
  /** Planned virtual services, and their servers. */
  readonly services: number
  readonly servers: number
  readonly draining: readonly DrainingServer[]
  /** Services that are not as wished, with the reasons; `''` for what no single service asked for. */
  readonly troubled: ReadonlyMap<string, readonly string[]>
  /** Families that were asked for and that this node cannot serve (it has no ip6tables …), and why. */
  readonly unavailable: ReadonlyMap<Family, string>
  /** What the kernel lacks of what is wished: schedulers, set types, modules. As of the first pass, or the last look. */
  readonly missing: readonly UnsupportedFeatureError[]
  /** Changes that the option `allowedChanges` keeps from being made. */
  readonly withheld: readonly Change[]
}

export function statusOf(
  planner: Planner,
  reconciler: Reconciler,
  known: Pick<DirectorStatus, 'started' | 'lastSync' | 'lastQueued' | 'wishes' | 'missing'>,
): DirectorStatus {
  const { services } = planner.compiled
  return {
    ...known,
    withoutLocalEndpoints: planner.withoutLocalEndpoints(),
    services: services.size,
    servers: [...services.values()].reduce((sum, { servers }) => sum + servers.size, 0),
    draining: reconciler.drains.list(),
    troubled: troubledServices(planner, reconciler),
    unavailable: planner.unavailable,
    withheld: reconciler.withheld,
  }
}

export function troubledServices(planner: Planner, reconciler: Reconciler): Map<string, string[]> {
  const result = planner.problems()
  for (const { change, error } of reconciler.retries.list()) {
    const names = ownersOf(change, planner)
    for (const owner of names.length > 0 ? names : ['']) {
      const reasons = result.get(owner)
      const reason = `${describeChange(change)}: ${error.message}`
      if (reasons === undefined) result.set(owner, [reason])
      else reasons.push(reason)
    }
  }
  return result
}

/** Services whose endpoints are not as wished: something failed, or is not allowed. */
export function unfinishedServices(planner: Planner, reconciler: Reconciler): Set<string> {
  const result = new Set(troubledServices(planner, reconciler).keys())
  for (const change of reconciler.withheld) {
    // Who asked for an entry takes a look at all services to tell, and says nothing about endpoints.
    if ('key' in change) for (const owner of ownersOf(change, planner)) result.add(owner)
  }
  return result
}

/** Services that want what a change is about; none where it serves all of them, or nobody any more. */
export function ownersOf(change: Change, planner: Planner): string[] {
  if (change.type === 'addEntry' || change.type === 'removeEntry') return planner.ownersOf(change)
  if (change.type === 'addAddress' || change.type === 'removeAddress') return planner.ownersOf(change)
  if ('check' in change) return [change.check.owner]
  const owner = 'key' in change ? planner.compiled.services.get(change.key)?.owner : undefined
  return owner === undefined ? [] : [owner]
}
