/** The parts in which two states differ. */
import { scopeOf } from './change-key.js'
import { comparing } from './diff.js'
import { emptyScope, type Scope, widenScope } from './scope.js'
import type { KernelState } from './state.js'
import { paced, type Steps } from '../../turns.js'

export function* differing(before: KernelState, after: KernelState): Steps<Scope> {
  const scope = emptyScope()
  yield* paced(yield* comparing(before, after), (change) => widenScope(scope, scopeOf(change)))
  return scope
}
