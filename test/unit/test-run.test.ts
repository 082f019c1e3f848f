import test from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addCounts, type Counts, parseCounts } from '../support/counts.js'
import { joinedTestArguments, nodeTestArguments } from '../support/node-test.js'

/** Runs one test file as our test run does, and returns what it counted. */
function countsOf(source: string, command = nodeTestArguments): Counts {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  try {
    const file = join(folder, 'sample.test.cjs')
    writeFileSync(file, `const { test, describe, before, it } = require('node:test')\n${source}`)
    // Without this variable gone, node:test takes itself for a child of the run around it.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
    const { stdout } = spawnSync(process.execPath, command([file]), { encoding: 'utf8', env })
    const counts = stdout
      .split('\n')
      .map(parseCounts)
      .filter((found) => found !== undefined)
    assert.notEqual(counts.length, 0, stdout)
    return counts.reduce(addCounts)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('tests are counted once each, also below suites and parents', () => {
  const counts = countsOf(`
    describe('suite', () => { it('one', () => {}) })
    test('parent', async (t) => { await t.test('two', () => {}) })
  `)
  assert.deepEqual(counts, { passed: 3, failed: [], skipped: [] })
})

test('a failure below a parent is counted once, with its message', () => {
  const counts = countsOf(`
    test('parent', async (t) => { await t.test('child', () => { throw new Error('broken\\nmore') }) })
  `)
  assert.deepEqual(counts.failed, [{ name: 'child', reason: 'broken\n    more' }])
})

test('a failing hook is a failure', () => {
  const counts = countsOf(`
    describe('suite', () => { before(() => { throw new Error('hook') }); it('one', () => {}) })
  `)
  assert.equal(counts.passed, 0)
  assert.ok(counts.failed.some(({ name }) => name === 'suite'))
})

test('a skip carries its reason', () => {
  const counts = countsOf(`test('later', { skip: 'no such kernel' }, () => {})`)
  assert.deepEqual(counts.skipped, [{ name: 'later', reason: 'no such kernel' }])
})

test('a skip without a reason is a failure', () => {
  const counts = countsOf(`test('later', { skip: true }, () => {})`)
  assert.deepEqual(counts.failed, [{ name: 'later', reason: 'skipped without a reason' }])
})

test('a file that registers no test is a failure', () => {
  assert.equal(countsOf('').failed[0]?.reason, 'the file has no test')
})

test('a file that does not load is a failure', () => {
  assert.equal(countsOf(`throw new Error('load')`).failed.length, 1)
})

test('files that share a process are counted as they are on their own', () => {
  const counts = countsOf(
    `
    before(() => {})
    test('one', () => {})
    test('parent', async (t) => { await t.test('child', () => { throw new Error('broken') }) })
  `,
    joinedTestArguments,
  )
  assert.equal(counts.passed, 1)
  assert.deepEqual(counts.failed, [{ name: 'child', reason: 'broken' }])
})

test('a file that registers no test is a failure, also where files share a process', () => {
  assert.equal(countsOf('', joinedTestArguments).failed[0]?.reason, 'the file has no test')
})

test('a file that does not load is a failure, also where files share a process', () => {
  assert.equal(countsOf(`throw new Error('load')`, joinedTestArguments).failed.length, 1)
})

test('a file that never ends is a failure, which is told before the run has ended', () => {
  const hanging = `
    test('one', () => {})
    test('never', () => new Promise(() => setTimeout(() => process.kill(process.pid, 'SIGKILL'), 3000)))
  `
  const alone = countsOf(hanging, (files) => nodeTestArguments(files, 1))
  assert.equal(alone.passed, 1)
  assert.match(alone.failed[0]?.reason ?? '', /timed out after 1000ms/)
  const joined = countsOf(hanging, (files) => joinedTestArguments(files, 1))
  assert.equal(joined.passed, 1)
  assert.equal(joined.failed[0]?.name, 'never')
  assert.match(joined.failed[1]?.reason ?? '', /timed out after 1000ms/)
})
