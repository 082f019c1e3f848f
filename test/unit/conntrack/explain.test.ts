/** What the kernel's refusals are said to mean. */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import test from 'node:test'

import { explainWrite } from '../../../lib/conntrack/explain.js'

const { EOPNOTSUPP, EXDEV } = constants.errno

test('what the kernel does not support is explained, for a change and for a creation', () => {
  const change = explainWrite('update', EOPNOTSUPP, '')
  assert.equal(change.message, 'update: that cannot be changed on a flow that is there already (ENOTSUP)')
  assert.equal(change.code, 'ENOTSUP')
  assert.match(explainWrite('create', EOPNOTSUPP, '').message, /this kernel is built without what that needs/)
})

test("where nothing is known of a refusal, the kernel's own words stand in its place", () => {
  assert.equal(explainWrite('create', EXDEV, 'beyond the edge').message, 'create: beyond the edge (EXDEV)')
  assert.equal(explainWrite('create', EXDEV, '').message, 'create: EXDEV')
})
