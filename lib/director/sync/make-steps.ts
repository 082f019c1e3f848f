/** Makes changes in the data plane, wave by wave, and keeps the picture of what it holds. */
import type { MutableState } from '../state/apply.js'
import type { Change } from '../state/changes.js'
import type { StepChanges } from '../state/order.js'
import type { KernelState } from '../state/state.js'
import { inTurns, paced, type Steps } from '../../turns.js'
import { withoutBlocked } from './blocked.js'
import type { ChangeFailure, DataPlane } from './data-plane.js'
import type { Retries } from './retries.js'
import { wavesOf } from './waves.js'

export interface Making {
  readonly plane: DataPlane
  /** What is being made; stands still until it is. */
  readonly planned: KernelState
  /** The picture: follows what was made. */
  readonly held: MutableState
  /** Told of what succeeded. */
  readonly retries: Retries
}

/** What failed, and what was not tried for want of it. Ends when nothing is under way any more, also where it rejects. */
export async function makeSteps(making: Making, groups: readonly StepChanges[]): Promise<ChangeFailure[]> {
  const failures: ChangeFailure[] = []
  for (const [changes, beside] of wavesOf(groups)) {
    const made = makeReady(making, changes, failures)
    await (beside === undefined ? made : both(made, makeReady(making, beside, failures)))
  }
  return failures
}

/** Where one breaks off, the other is not left behind. */
async function both(...works: readonly [Promise<void>, Promise<void>]): Promise<void> {
  for (const end of await Promise.allSettled(works)) if (end.status === 'rejected') throw end.reason
}

/** Makes what no failure before it holds back, and adds to the failures. */
async function makeReady(
  making: Making,
  changes: readonly Change[],
  failures: ChangeFailure[],
): Promise<void> {
  const { ready, held: blocked } = withoutBlocked(changes, failures)
  failures.push(...blocked)
  const failed = await making.plane.make(ready, making.planned)
  failures.push(...failed)
  await inTurns(entering(making, ready, failed))
}

function* entering(
  { held, retries }: Making,
  made: readonly Change[],
  failures: readonly ChangeFailure[],
): Steps {
  const failed = new Set(failures.map(({ change }) => change))
  yield* paced(made, (change) => {
    if (failed.size > 0 && failed.has(change)) return
    held.apply(change)
    retries.succeeded(change)
  })
  // A new service that is there, and a server of it that is not.
  for (const { change } of failures) {
    if (change.type === 'addServer') held.apply({ ...change, type: 'removeServer' })
  }
}

/** The kernel said that something is there, or is not there, against our picture. */
export function contradictsPicture({ change, error, waitsFor }: ChangeFailure): boolean {
  // The kernel was not asked.
  if (waitsFor !== undefined) return false
  // Of a service itself this is about its scheduler: there is nothing to look at again.
  const lacksScheduler = change.type === 'addService' || change.type === 'updateService'
  if (lacksScheduler && 'code' in error && error.code === 'ENOENT') return false
  return 'code' in error && ['EEXIST', 'ENOENT', 'ESRCH', 'ENODEV'].includes(String(error.code))
}
