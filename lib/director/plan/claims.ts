/** Keys that only one owner can have: of those who claim one, the smallest rank has it, in whatever order they came. */
interface Claim<V> {
  readonly rank: string
  readonly value: V
}

export class Claims<K, V> {
  /** What the winner of each key wants. */
  readonly winners = new Map<K, V>()
  /** All claims of contested keys, and only of those. */
  readonly #contested = new Map<K, Claim<V>[]>()
  readonly #ranks = new Map<K, string>()

  /** A second claim of the same rank replaces the first. True when the winner's value changed. */
  claim(key: K, rank: string, value: V): boolean {
    const holder = this.#ranks.get(key)
    if (holder === undefined || (holder === rank && !this.#contested.has(key)))
      return this.#install(key, rank, value)
    const others = this.#claimsOf(key).filter((claim) => claim.rank !== rank)
    return this.#decide(key, [...others, { rank, value }])
  }

  /** True when the winner's value changed or the key is free. */
  release(key: K, rank: string): boolean {
    const remaining = this.#claimsOf(key).filter((claim) => claim.rank !== rank)
    if (remaining.length > 0) return this.#decide(key, remaining)
    this.#contested.delete(key)
    this.#ranks.delete(key)
    return this.winners.delete(key)
  }

  /** What is claimed in vain: each key that an owner of smaller rank has, with what the others want. */
  *lost(): Generator<[key: K, value: V]> {
    for (const [key, claims] of this.#contested) {
      const winner = this.#ranks.get(key)
      for (const { rank, value } of claims) if (rank !== winner) yield [key, value]
    }
  }

  #claimsOf(key: K): readonly Claim<V>[] {
    const contested = this.#contested.get(key)
    if (contested !== undefined) return contested
    const rank = this.#ranks.get(key)
    const value = this.winners.get(key)
    return rank === undefined || value === undefined ? [] : [{ rank, value }]
  }

  #decide(key: K, claims: Claim<V>[]): boolean {
    if (claims.length > 1) this.#contested.set(key, claims)
    else this.#contested.delete(key)
    const [first, ...rest] = claims
    if (first === undefined) return false
    const winner = rest.reduce((best, claim) => (claim.rank < best.rank ? claim : best), first)
    return this.#install(key, winner.rank, winner.value)
  }

  #install(key: K, rank: string, value: V): boolean {
    const changed = this.winners.get(key) !== value
    this.#ranks.set(key, rank)
    this.winners.set(key, value)
    return changed
  }
}
