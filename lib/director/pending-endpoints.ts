/** Since when the endpoints of services wait for being programmed. */
import type { ProgrammedEvent } from './events.js'
import type { Steps } from '../turns.js'

export class PendingEndpoints {
  readonly #since = new Map<string, number>()

  touch(service: string, now: number): void {
    if (!this.#since.has(service)) this.#since.set(service, now)
  }

  /** Those that a pass which begins now will program. */
  taken(): ReadonlyMap<string, number> {
    return new Map(this.#since)
  }

  /** Tells of those that are programmed; those that are not `ready` wait on, and of those with `nothing` there is nothing to tell. */
  *reporting(
    taken: ReadonlyMap<string, number>,
    now: number,
    stateOf: (service: string) => 'ready' | 'waits' | 'nothing',
    tell: (event: ProgrammedEvent) => void,
  ): Steps {
    for (const [service, since] of taken) {
      const state = stateOf(service)
      if (state === 'waits') continue
      // Touched again meanwhile: that later change is reported by a later pass.
      if (this.#since.get(service) === since) this.#since.delete(service)
      if (state === 'ready') tell({ service, latencyMs: now - since })
      yield
    }
  }
}
