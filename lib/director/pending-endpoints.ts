/** Since when the endpoints of services wait for being programmed. */
import type { ProgrammedEvent } from './events.js'
import { paced, type Steps } from '../turns.js'

export class PendingEndpoints {
  /** Of those that no pass has taken up. */
  #since = new Map<string, number>()
  /** Of those that the pass under way programs, and that former ones did not come to. */
  #taken = new Map<string, number>()

  touch(service: string, now: number): void {
    if (!this.#since.has(service)) this.#since.set(service, now)
  }

  /** A pass begins, which will program them. False where there are none. */
  take(): boolean {
    const before = this.#taken
    this.#taken = this.#since
    this.#since = new Map()
    for (const [service, since] of before) this.#taken.set(service, since)
    return this.#taken.size > 0
  }

  /** Tells of those that are programmed; those that are not `ready` wait on, and of those with `nothing` there is nothing to tell. */
  *reporting(
    now: number,
    stateOf: (service: string) => 'ready' | 'waits' | 'nothing',
    tell: (event: ProgrammedEvent) => void,
  ): Steps {
    const waiting = new Map<string, number>()
    yield* paced(this.#taken, ([service, since]) => {
      const state = stateOf(service)
      if (state === 'waits') waiting.set(service, since)
      else if (state === 'ready') tell({ service, latencyMs: now - since })
    })
    this.#taken = waiting
  }
}
