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
  const reasonFor = reasons(failures)
  if (reasonFor === undefined) return { ready: step, held: [] }
  const held = step.flatMap((change) => {
    const error = reasonFor(change)
    return error === undefined ? [] : [{ change, error, waits: true }]
  })
  const blocked = new Set<Change>(held.map(({ change }) => change))
  return { ready: step.filter((change) => !blocked.has(change)), held }
}

/** `undefined`: nothing failed that others wait for. */
function reasons(failures: readonly ChangeFailure[]): ((change: Change) => Error | undefined) | undefined {
  const unserved = new Map<string, Error>()
  const withoutRules = new Map<string, Error>()
  const withoutLink = new Map<string, Error>()
  const withoutSet = new Map<string, Error>()
  for (const { change, error } of failures) {
    if (change.type === 'addService' && 'address' in change.service)
      unserved.set(change.service.address, error)
    if (change.type === 'writeRules') withoutRules.set(change.family, error)
    if (change.type === 'createLink') withoutLink.set(change.name, error)
    if (change.type === 'createSet') withoutSet.set(change.definition.name, error)
  }
  if (unserved.size + withoutRules.size + withoutLink.size + withoutSet.size === 0) return undefined
  return (change) => {
    if (change.type === 'addEntry') return withoutSet.get(change.set)
    if (change.type !== 'addAddress') return undefined
    return (
      withoutLink.get(change.link) ??
      unserved.get(change.address) ??
      withoutRules.get(familyOf(change.address))
    )
  }
}
