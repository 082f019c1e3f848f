/** Reports of refused operations: complete for whoever looks, and cheap until then. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { DirectorError } from '../../lib/errors.js'
import { Ledger } from '../../lib/ledger.js'
import type { BatchRun } from '../../lib/run.js'
import { atOnce } from '../../lib/turns.js'

/** A run of which the given operations were refused, in the order of their answers. */
function refusedRun(...indices: number[]) {
  const made = { errors: 0 }
  const run: BatchRun = {
    table: 'ipvs',
    size: 10,
    native: () => ({ table: 'ipvs' }),
    describe: (index) => ({ operation: 'addServer', target: index }),
    explain: (index, code, text) => {
      made.errors++
      return new DirectorError(`${index}: ${text}`, { code: `E${code}` })
    },
    failure: (error) => error,
  }
  const refused = Int32Array.from(indices.flatMap((index) => [index, 17, 1])).buffer
  const ledger = new Ledger([run])
  atOnce(ledger.enter({ end: 'finished', runs: [{ attempted: 10, refused, texts: ['there'] }] }))
  return { report: ledger.report(0), made }
}

test('an error is made when somebody looks at it, and once', () => {
  const { report, made } = refusedRun(2, 5)
  assert.deepEqual([report.failed.length, report.outcome(5), made.errors], [2, 'failed', 0])
  const [, second] = report.failed
  assert.equal(second?.error.code, 'E17')
  assert.equal(second?.error, report.failed[1]?.error)
  assert.equal(made.errors, 1)
})

test('a refused operation can be spread, compared and written as JSON like a plain object', () => {
  const [failed] = refusedRun(2).report.failed
  assert.ok(failed)
  const { index, operation, target, error } = { ...failed }
  assert.deepEqual([index, operation, target, error.message], [2, 'addServer', 2, '2: there'])
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(failed)) as object), [
    'index',
    'operation',
    'target',
    'error',
  ])
})

test('refusals whose answers came out of order are reported in order', () => {
  const { report } = refusedRun(7, 2, 5)
  assert.deepEqual(
    report.failed.map(({ index }) => index),
    [2, 5, 7],
  )
})
