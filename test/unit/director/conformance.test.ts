/** The tables of test/conformance against the pure plan. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { plan, Planner } from '../../../lib/index.js'
import { checkPicture } from '../../conformance/check.js'
import { pictureOf } from '../../conformance/picture.js'
import { defaultFacts, defaultOptions } from '../../conformance/row.js'
import { follow } from '../../conformance/follow.js'
import { sequences } from '../../conformance/sequences.js'
import { setUp } from '../../support/director-setup.js'
import { rows } from '../../conformance/rows.js'

for (const row of rows) {
  test(row.name, () => {
    const state = plan(row.desired, { ...defaultFacts, ...row.facts }, row.options ?? defaultOptions)
    checkPicture(row, pictureOf(state))
    if (row.healthChecks === undefined) return
    const counts = [...state.healthChecks].map(([port, check]) => [String(port), check.localEndpoints])
    assert.deepEqual(Object.fromEntries(counts), row.healthChecks)
  })
}

for (const { name, desired, facts, options, withoutLocal } of rows) {
  if (withoutLocal === undefined) continue
  test(`counted: ${name}`, () => {
    const planner = new Planner({ ...defaultFacts, ...facts }, options ?? defaultOptions)
    for (const one of desired.endpointSlices ?? []) planner.upsertEndpointSlice(one)
    for (const one of desired.services ?? []) planner.upsertService(one)
    assert.ok(planner.state.services.size > 0)
    assert.deepEqual(planner.withoutLocalEndpoints(), withoutLocal)
  })
}

for (const sequence of sequences) {
  test(`in turn: ${sequence.name}`, async (context) => {
    const { plane, director } = setUp(context)
    await follow(director, sequence, () => pictureOf(plane.kernel).services)
  })

  test(`health checks in turn: ${sequence.name}`, () => {
    for (const { desired, healthChecks } of sequence.steps) {
      const state = plan(desired, defaultFacts, defaultOptions)
      assert.deepEqual([...state.healthChecks.keys()], healthChecks ?? [])
    }
  })
}

test('every row has a name of its own', () => {
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length)
})
