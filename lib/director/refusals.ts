/**
 * Objects that made no sense. Of one that was known before, the last good version stays wished. Of any other nobody can
 * tell what it asks for, and a former process may have programmed it: until it makes sense, nothing is taken away that
 * could be its.
 */
import { InvalidArgumentError } from '../errors.js'
import type { Change, ChangeType } from './state/changes.js'

export interface Refusal {
  /** The service that is not as wished; `''` where the object does not tell. */
  readonly owner: string
  readonly reason: string
  /** Whether an earlier version of the object stays wished. */
  readonly isKnown: boolean
}

const removals: ReadonlySet<ChangeType> = new Set([
  'removeService',
  'removeEntry',
  'removeAddress',
  'removeLink',
  'closeHealthCheck',
])

export class Refusals {
  /** By kind and name of the object. */
  readonly #all = new Map<string, Refusal>()

  /** Reads an object; remembers why it was refused, until it makes sense or {@link forget} says that it is gone. */
  reading<T>(id: string, read: () => T, about: () => Pick<Refusal, 'owner' | 'isKnown'>): T {
    try {
      const result = read()
      this.#all.delete(id)
      return result
    } catch (error) {
      if (error instanceof InvalidArgumentError)
        this.#all.set(id, { ...about(), reason: `refused: ${error.message}` })
      throw error
    }
  }

  forget(id: string): void {
    this.#all.delete(id)
  }

  list(): Iterable<Refusal> {
    return this.#all.values()
  }

  /** Whether some object is refused of which nothing is known. */
  get isUncertain(): boolean {
    if (this.#all.size === 0) return false
    return [...this.#all.values()].some(({ isKnown }) => !isKnown)
  }

  /** Whether the change could take away what a refused object asks for. `ownerOf` tells whose a virtual service is. */
  holds(change: Change, ownerOf: (key: string) => string | undefined): boolean {
    if (!this.isUncertain) return false
    if (change.type !== 'removeServer') return removals.has(change.type)
    const owner = ownerOf(change.key)
    return [...this.#all.values()].some((one) => !one.isKnown && (one.owner === '' || one.owner === owner))
  }
}
