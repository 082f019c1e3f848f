/**
 * How soon passes may follow each other: two at once where nothing was for a while, then one an interval, as kube-proxy's
 * bounded runner has it. Pure: the caller has the clock.
 */
const burst = 2

export class Pace {
  #tokens = burst
  #countedAt = 0

  /** 0: no bound. */
  constructor(private readonly intervalMs: number) {}

  /** Milliseconds until the next pass may begin. */
  wait(now: number): number {
    if (this.intervalMs === 0) return 0
    this.#count(now)
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) * this.intervalMs
  }

  /** A pass begins, whether it waited or not. */
  take(now: number): void {
    if (this.intervalMs === 0) return
    this.#count(now)
    this.#tokens = Math.max(this.#tokens - 1, 0)
  }

  #count(now: number): void {
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#countedAt) / this.intervalMs)
    this.#countedAt = now
  }
}
