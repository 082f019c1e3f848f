/** The bench of sets, small: every driver does its work, and checks it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'

import type { Result } from '../../bench/suite.js'
import { skipWithoutNamespaces as skip } from '../support/namespace.js'

const program = join(__dirname, '..', '..', 'bench', 'run.js')

async function bench(...words: readonly string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'sets', '--json', '-', ...words])
  return JSON.parse(stdout) as Result
}

const forms = ['ours-strings', 'ours-objects', 'ours-columns']
const usual = ['ipset-restore', 'one-by-one', 'limit-c', 'nft']
const drivers: Readonly<Record<string, readonly string[]>> = {
  add: [...forms, ...usual],
  delete: [...forms, ...usual],
  has: ['ours-strings', 'ours-objects', 'one-by-one', 'limit-c'],
  dump: ['ours-rows', 'ours-objects', 'ours-strings', 'ipset-save', 'nft', 'limit-c'],
  replace: [...forms, 'ipset-restore', 'limit-c', 'nft'],
}

test('each row of the bench has each of its drivers, measured', { skip }, async () => {
  const { suite, machine, rows, ratios } = await bench('--size', '100', '--rounds', '1')
  assert.deepEqual([suite, machine['guest']], ['sets', 'none'])
  const found = new Map<string, string[]>()
  for (const { name, driver, seconds, opsPerSecond, peakRssMiB, type } of rows) {
    found.set(name, [...(found.get(name) ?? []), driver])
    assert.equal(seconds.length, 1)
    assert.ok((seconds[0] ?? 0) > 0 && opsPerSecond > 0 && peakRssMiB >= 0, `${name} ${driver}`)
    assert.equal(type, 'hash:ip,port')
  }
  for (const [name, expected] of Object.entries(drivers)) {
    assert.deepEqual(found.get(name)?.sort(), [...expected].sort(), name)
  }
  assert.ok(ratios.every(({ median }) => median > 0))
  const restore = ratios.find(
    ({ name, of, to }) => `${name} ${of} ${to}` === 'add ipset-restore ours-strings',
  )
  assert.ok(restore)
})

test('each type can be measured, and all of them', { skip }, async () => {
  const words = ['--size', '50', '--rounds', '1', '--drivers', 'limit-c', '--type', 'all']
  const { rows } = await bench(...words)
  const types = new Set(rows.map(({ type }) => type))
  assert.deepEqual([...types], ['hash:ip', 'hash:ip,port', 'hash:net', 'hash:ip,port,ip'])
})

test('a type or a size that makes no sense is refused before anything runs', { skip }, async () => {
  for (const words of [
    ['--type', 'hash:nonsense'],
    ['--size', '0'],
    ['--size', 'many'],
  ]) {
    await assert.rejects(bench(...words), { code: 2, stderr: /bench: .*expected/ })
  }
})
