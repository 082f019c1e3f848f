/** Random choices that a seed repeats. */
export type Random = () => number

/** mulberry32: 32 bits of state, enough for tests. */
export function generator(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of the values. */
export function pick<Value>(random: Random, ...values: readonly [Value, ...Value[]]): Value {
  return values[Math.floor(random() * values.length)] as Value
}
