/** The tables of test/conformance against the pure plan. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { plan } from '../../../lib/index.js'
import { checkPicture } from '../../conformance/check.js'
import { pictureOf } from '../../conformance/picture.js'
import { defaultFacts, defaultOptions } from '../../conformance/row.js'
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

test('every row has a name of its own', () => {
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length)
})
