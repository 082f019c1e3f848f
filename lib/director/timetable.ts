/** When a started director makes passes by itself: soon after a wish, at intervals, and when a failure is due again. */
import type { Pace } from './pace.js'

export class Timetable {
  #started = false
  readonly #intervals: NodeJS.Timeout[] = []
  #retry: NodeJS.Timeout | undefined
  #soon: { readonly cancel: () => void } | undefined

  /** `pass`: what wishes and failures ask for. Nobody awaits it. */
  constructor(
    private readonly pace: Pace,
    private readonly pass: () => void,
  ) {}

  get started(): boolean {
    return this.#started
  }

  start(): void {
    this.#started = true
  }

  stop(): void {
    this.#started = false
    for (const timer of this.#intervals.splice(0)) clearInterval(timer)
    clearTimeout(this.#retry)
    this.#soon?.cancel()
    this.#soon = undefined
  }

  every(milliseconds: number, work: () => void): void {
    this.#intervals.push(setInterval(work, milliseconds))
  }

  /** After this turn of the event loop, so that what comes in one turn goes together, or when the pace allows it. */
  soon(): void {
    if (!this.#started || this.#soon !== undefined) return
    const begin = (): void => {
      this.#soon = undefined
      this.pass()
    }
    const pause = this.pace.wait(performance.now())
    if (pause === 0) {
      const immediate = setImmediate(begin)
      this.#soon = { cancel: () => clearImmediate(immediate) }
    } else {
      const timer = setTimeout(begin, Math.ceil(pause))
      this.#soon = { cancel: () => clearTimeout(timer) }
    }
  }

  /** A pass begins that takes up every wish so far: none of them needs another. */
  begins(): void {
    this.pace.take(performance.now())
    this.#soon?.cancel()
    this.#soon = undefined
  }

  /** `at`: of `performance.now()`; `undefined`: nothing failed. */
  retryAt(at: number | undefined): void {
    clearTimeout(this.#retry)
    if (!this.#started || at === undefined) return
    const now = performance.now()
    const pause = Math.max(0, at - now, this.pace.wait(now))
    this.#retry = setTimeout(this.pass, Math.ceil(pause))
  }
}
