/** How many wishes came, and how many of them no pass has taken up. */
export interface WishCounts {
  readonly total: number
  readonly pending: number
}

export class WishCounter {
  #total = 0
  #taken = 0

  add(): void {
    this.#total += 1
  }

  /** A pass has begun: what came so far is in it. */
  take(): void {
    this.#taken = this.#total
  }

  get counts(): WishCounts {
    return { total: this.#total, pending: this.#total - this.#taken }
  }
}
