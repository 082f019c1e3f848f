/** Taking a large batch of sets back is as much work as the batch was: it can pause anywhere. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Batch } from '../../../lib/batch.js'
import { EntryRun } from '../../../lib/ipset/run.js'
import type { Entry } from '../../../lib/ipset/types.js'
import { SetUndoLog } from '../../../lib/ipset/undo.js'

const address = (index: number) => `10.0.${index >> 8}.${index & 255}`

function entries(first: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({ address: address(first + index) }))
}

test('the inverses of one set are appended in many steps', async () => {
  const listings = [entries(0, 3000), entries(2000, 3000)]
  const log = new SetUndoLog(() => Promise.resolve(listings.shift()))
  const run = new EntryRun()
  run.text.append({ set: 'x', action: 'add', exclusive: true, serviceNames: false }, address(5000))
  await log.capture([run])
  await log.compare()

  const undo = new Batch()
  const steps = log.inverse(run, 0)(undo)
  assert.ok(steps !== undefined)
  let longest = 0
  let before = 0
  for (const step of steps) {
    assert.equal(step, undefined)
    longest = Math.max(longest, undo.size - before)
    before = undo.size
  }
  assert.equal(undo.size, 4000, '2000 entries that came are removed, 2000 that went are added')
  assert.ok(longest <= 100, `${longest} at once`)
  assert.deepEqual(log.rest(), [])
})
