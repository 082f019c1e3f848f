/** Whether a director keeps up: since when it owes the kernel something. Pure: the caller has the clock. */
export interface DirectorHealth {
  /** No wish, and no look at everything, waits longer than two times `resyncSeconds` for a pass that ends. */
  readonly healthy: boolean
  /** See `Director.setNodeEligible()`. */
  readonly nodeEligible: boolean
  readonly lastSync: Date | undefined
}

export class Debt {
  /** The oldest wish that no pass has taken up. */
  #queued: number | undefined
  /** What the passes under way, and those that broke off, are about. */
  #underWay: number | undefined

  /** Since when the oldest of what is owed waits. */
  get since(): number | undefined {
    return this.#underWay ?? this.#queued
  }

  wish(now: number): void {
    this.#queued ??= now
  }

  /** A pass begins. Until one ends, it is owed what this one takes up. */
  begin(now: number): void {
    this.#underWay ??= this.#queued ?? now
    this.#queued = undefined
  }

  end(): void {
    this.#underWay = undefined
  }
}
