import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ProgrammedEvent } from '../../../lib/director/events.js'
import { PendingEndpoints } from '../../../lib/director/pending-endpoints.js'
import { atOnce } from '../../../lib/turns.js'

type State = 'ready' | 'waits' | 'nothing'

/** What is told when a pass ends at `now`, with services in the given states; all others are ready. */
function told(pending: PendingEndpoints, now: number, states: Record<string, State> = {}): ProgrammedEvent[] {
  const events: ProgrammedEvent[] = []
  atOnce(
    pending.reporting(
      now,
      (service) => states[service] ?? 'ready',
      (event) => events.push(event),
    ),
  )
  return events
}

test('endpoints have waited since the first of several changes', () => {
  const pending = new PendingEndpoints()
  pending.touch('a', 10)
  pending.touch('a', 15)
  assert.equal(pending.take(), true)
  assert.deepEqual(told(pending, 30), [{ service: 'a', latencyMs: 20 }])
  assert.equal(pending.take(), false)
})

test('endpoints that change while a pass is under way are told of by the next', () => {
  const pending = new PendingEndpoints()
  pending.touch('a', 10)
  pending.take()
  pending.touch('a', 20)
  assert.deepEqual(told(pending, 30), [{ service: 'a', latencyMs: 20 }])
  pending.take()
  assert.deepEqual(told(pending, 50), [{ service: 'a', latencyMs: 30 }])
})

test('endpoints that could not be programmed wait on, since when they did', () => {
  const pending = new PendingEndpoints()
  pending.touch('a', 10)
  pending.take()
  pending.touch('a', 20)
  assert.deepEqual(told(pending, 30, { a: 'waits' }), [])
  pending.take()
  assert.deepEqual(told(pending, 50), [{ service: 'a', latencyMs: 40 }])
})

test('endpoints of a pass that breaks off are those of the next', () => {
  const pending = new PendingEndpoints()
  pending.touch('a', 10)
  pending.take()
  pending.touch('b', 20)
  pending.take()
  assert.deepEqual(
    told(pending, 30)
      .map(({ service }) => service)
      .sort(),
    ['a', 'b'],
  )
})

test('of endpoints that make nothing nobody is told', () => {
  const pending = new PendingEndpoints()
  pending.touch('a', 10)
  pending.take()
  assert.deepEqual(told(pending, 30, { a: 'nothing' }), [])
  assert.equal(pending.take(), false)
})
