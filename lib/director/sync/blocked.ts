/** Which changes wait because something before them in the order failed, and why. */
import { familyOf } from '../input/ip.js'
import type { Change } from '../state/changes.js'
import type { ChangeFailure } from './data-plane.js'

/**
 * An address is not bound while a service on it could not be made: what arrives would meet the host itself. Nor while the
 * rules of its family could not be written: what arrives would not be masqueraded. Without its link or its set nothing can
 * be put there, and the reason to tell is why that could not be made.
 */
export function withoutBlocked(
  step: readonly Change[],
  failures: readonly ChangeFailure[],
): { ready: readonly Change[]; held: ChangeFailure[] } {
  const blockerOf = blockers(failures)
  if (blockerOf === undefined) return { ready: step, held: [] }
  const held = step.flatMap((change) => {
    const blocker = blockerOf(change)
    return blocker === undefined ? [] : [{ change, error: blocker.error, waitsFor: blocker.change }]
  })
  const blocked = new Set<Change>(held.map(({ change }) => change))
  return { ready: step.filter((change) => !blocked.has(change)), held }
}

/** `undefined`: nothing failed that others wait for. */
function blockers(
  failures: readonly ChangeFailure[],
): ((change: Change) => ChangeFailure | undefined) | undefined {
  const services = new Map<string, ChangeFailure>()
  const rules = new Map<string, ChangeFailure>()
  const links = new Map<string, ChangeFailure>()
  const sets = new Map<string, ChangeFailure>()
  for (const failure of failures) {
    const { change } = failure
    if (change.type === 'addService' && 'address' in change.service)
      services.set(change.service.address, failure)
    if (change.type === 'writeRules') rules.set(change.family, failure)
    if (change.type === 'createLink') links.set(change.name, failure)
    if (change.type === 'createSet') sets.set(change.definition.name, failure)
  }
  if (services.size + rules.size + links.size + sets.size === 0) return undefined
  return (change) => {
    if (change.type === 'addEntry') return sets.get(change.set)
    if (change.type !== 'addAddress') return undefined
    return links.get(change.link) ?? services.get(change.address) ?? rules.get(familyOf(change.address))
  }
}
