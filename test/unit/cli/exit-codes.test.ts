import assert from 'node:assert/strict'
import test from 'node:test'

import { exitCodeFor } from '../../../lib/cli/exit-codes.js'
import { DirectorError } from '../../../lib/errors.js'

test('an addon that does not load is something missing', () => {
  assert.equal(exitCodeFor(new DirectorError('did not load', { code: 'ERR_ADDON_LOAD' })), 3)
})
