/** Long work lets the event loop have its turn, and short work does not ask for one. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { atOnce, Breather, inTurns, paced, type Steps } from '../../lib/turns.js'

/** Holds the event loop for longer than any slice. */
function hold(): void {
  for (const end = performance.now() + 8; performance.now() < end;);
}

/** Counts the turns that the event loop has while `work` runs. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let done = false
  const count = () => {
    if (done) return
    turns++
    setImmediate(count)
  }
  setImmediate(count)
  await work()
  done = true
  return turns
}

test('what is paced is visited once and in order, with pauses between', () => {
  const things = Array.from({ length: 1000 }, (_, index) => index)
  for (const input of [things, new Set(things)]) {
    const seen: number[] = []
    const steps = [...paced(input, (thing) => void seen.push(thing))]
    assert.deepEqual(seen, things)
    assert.ok(steps.length > 10)
  }
  assert.deepEqual([...paced([], () => assert.fail())], [])
  assert.equal(atOnce(paced(things, () => undefined)), undefined)
})

test('long work pauses, short work does not', async () => {
  function* long(): Steps<string> {
    for (let step = 0; step < 64; step++) {
      if (step % 16 === 8) hold()
      yield
    }
    return 'done'
  }
  assert.ok((await turnsDuring(async () => assert.equal(await inTurns(long()), 'done'))) >= 3)
  assert.equal(await turnsDuring(() => inTurns(paced([1, 2, 3], () => undefined))), 0)
})

test('who breathes has a turn after a long stretch, and goes on at once after a short one', async () => {
  const breather = new Breather(4)
  assert.equal(await turnsDuring(() => breather.breathe()), 0)
  hold()
  assert.ok((await turnsDuring(() => breather.breathe())) >= 1)
  assert.equal(await turnsDuring(() => breather.breathe()), 0)
})
