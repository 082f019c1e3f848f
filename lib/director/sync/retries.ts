/** What failed, why, and when to try again: after a pause that doubles with each attempt. Pure: the caller has the clock. */
import { changeKey, isInScope, scopeOf } from '../state/change-key.js'
import type { Change } from '../state/changes.js'
import type { ChangeFailure } from './data-plane.js'
import { emptyScope, type Scope, widenScope } from '../state/scope.js'

export interface Failure extends ChangeFailure {
  readonly attempts: number
  /** Milliseconds of the caller's clock. */
  readonly retryAt: number
}

const firstPauseMs = 500
const longestPauseMs = 60_000

export class Retries {
  readonly #failures = new Map<string, Failure>()
  #broken: { readonly attempts: number; readonly retryAt: number } | undefined

  get size(): number {
    return this.#failures.size
  }

  list(): Failure[] {
    return [...this.#failures.values()]
  }

  has(change: Change): boolean {
    return this.#failures.has(changeKey(change))
  }

  failed(one: ChangeFailure, now: number): Failure {
    const key = changeKey(one.change)
    const attempts = (this.#failures.get(key)?.attempts ?? 0) + 1
    const failure = { ...one, attempts, retryAt: now + pauseAfter(attempts) }
    this.#failures.set(key, failure)
    return failure
  }

  /** How many passes in a row broke off as a whole. */
  get broken(): number {
    return this.#broken?.attempts ?? 0
  }

  broke(now: number): void {
    const attempts = this.broken + 1
    this.#broken = { attempts, retryAt: now + pauseAfter(attempts) }
  }

  /** A pass came to its end. */
  ended(): void {
    this.#broken = undefined
  }

  succeeded(change: Change): void {
    if (this.#failures.size > 0) this.#failures.delete(changeKey(change))
  }

  /**
   * Forgets failures that a comparison of the scope (absent: of everything) did not find again: nobody wants the change
   * any more, or somebody else has made it.
   */
  settle(compared: readonly Change[], scope?: Scope): void {
    if (this.#failures.size === 0) return
    const wanted = new Set(compared.map(changeKey))
    for (const [key, { change }] of this.#failures) {
      if (!wanted.has(key) && (scope === undefined || isInScope(change, scope))) this.#failures.delete(key)
    }
  }

  /** What is to be tried again by now. */
  due(now: number): Scope {
    const scope = emptyScope()
    for (const { change, retryAt } of this.#failures.values()) {
      if (retryAt <= now) widenScope(scope, scopeOf(change))
    }
    return scope
  }

  /** What waits for a change that the scope tries again: it may be ready then. */
  waiting(scope: Scope): Scope {
    const ready = emptyScope()
    for (const { change, waitsFor } of this.#failures.values())
      if (waitsFor !== undefined && isInScope(waitsFor, scope)) widenScope(ready, scopeOf(change))
    return ready
  }

  /** When the next attempt is due; `undefined`: nothing failed. */
  nextAt(): number | undefined {
    let next = this.#broken?.retryAt
    for (const { retryAt } of this.#failures.values())
      if (next === undefined || retryAt < next) next = retryAt
    return next
  }
}

function pauseAfter(attempts: number): number {
  return Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs)
}
