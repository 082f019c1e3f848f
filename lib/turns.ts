/**
 * Long work in slices. A generator yields wherever it may pause; the event loop gets its turn when a slice has taken long
 * enough. The same generator run at once is the plain function.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Well under the 10 ms that nothing may hold the event loop for: what stands between two yields comes on top. */
const sliceMs = 4
/** Reading the clock costs as much as a small step. */
const stepsBetweenLooks = 16

/** Of small things, so many make a step: a pause at each would cost more than the thing itself. */
const thingsInStep = 32

/** Each of them, with a pause now and then. */
export function* paced<T>(things: Iterable<T>, visit: (thing: T) => void): Steps {
  let count = 0
  for (const thing of things) {
    visit(thing)
    if (++count % thingsInStep === 0) yield
  }
}

export type Steps<T = void> = Generator<undefined, T, undefined>

export async function inTurns<T>(work: Steps<T>): Promise<T> {
  // Work of a few steps, which most of it is, never looks at the clock; longer work pauses once before it does.
  let until = -Infinity
  for (;;) {
    const { done, value } = workUntil(until, work)
    if (done === true) return value
    await nextTurn()
    until = performance.now() + sliceMs
  }
}

/** One slice: to the end of the work, or until the time is up. */
function workUntil<T>(until: number, work: Steps<T>): IteratorResult<undefined, T> {
  for (let step = 1; ; step++) {
    const result = work.next()
    if (result.done === true || (step % stepsBetweenLooks === 0 && performance.now() >= until)) return result
  }
}

/** The same for work that waits for something besides: `await breathe()` wherever it may pause. */
export class Breather {
  private until: number

  constructor(private readonly sliceMilliseconds = sliceMs) {
    this.until = performance.now() + sliceMilliseconds
  }

  async breathe(): Promise<void> {
    if (performance.now() < this.until) return
    await nextTurn()
    this.until = performance.now() + this.sliceMilliseconds
  }
}

export function atOnce<T>(work: Steps<T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
