import assert from 'node:assert/strict'
import test from 'node:test'

import { InvalidArgumentError } from '../../lib/errors.js'
import { Batch } from '../../lib/index.js'
import { Ledger } from '../../lib/ledger.js'
import { undoOf } from '../../lib/rollback.js'
import type { UndoLog } from '../../lib/run.js'
import { atOnce } from '../../lib/turns.js'

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const

test('an inverse that cannot be made is kept with its reason, and the others are made', () => {
  const batch = new Batch().addService(web).addService({ ...web, port: 81 })
  const ledger = new Ledger(batch.runs)
  atOnce(ledger.enter({ end: 'stopped', runs: [{ attempted: 2, refused: new ArrayBuffer(0), texts: [] }] }))
  const log: UndoLog = {
    capture: () => Promise.resolve(),
    inverse: (_, index) => (undo) => {
      if (index === 1) throw new InvalidArgumentError('service', index, 'something else')
      undo.removeService(web)
    },
  }
  const undo = atOnce(undoOf(ledger, new Map([['ipvs', log]])))
  assert.deepEqual([undo.batch.size, undo.owners, [...undo.refused.keys()]], [1, [0], [1]])
})
