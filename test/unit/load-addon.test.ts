/** What a user reads where the addon is missing or does not load. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { DirectorError } from '../../lib/index.js'
import { loadAddon } from '../../lib/load-addon.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function failure(): DirectorError {
  try {
    loadAddon(folder)
  } catch (error) {
    assert.ok(error instanceof DirectorError)
    assert.deepEqual([error.code, error.operation], ['ERR_ADDON_LOAD', 'openKernel'])
    return error
  }
  assert.fail('it loaded')
}

function put(file: string, bytes: Buffer | string): void {
  mkdirSync(join(folder, 'build', 'Release'), { recursive: true })
  writeFileSync(join(folder, 'build', 'Release', file), bytes)
}

test('an addon that was never built: the error says where it was sought and how to build it', () => {
  const { message } = failure()
  for (const name of ['prebuilds', 'build/Release']) {
    assert.ok(message.includes(`${join(folder, name)} (absent)`), message)
  }
  assert.ok(message.includes(`Node ${process.versions.node}`), message)
  assert.match(message, /To get it, build it: apt-get install .*libmnl-dev, then npm rebuild ipvs-director$/)
})

test("an addon that is no library: the error carries the loader's reason", () => {
  put('ipvs_director.node', 'no library')
  const { message, cause } = failure()
  assert.ok(message.includes(`${join(folder, 'build/Release')} (there)`), message)
  assert.ok(cause instanceof Error && message.includes(cause.message.split('\n')[0] ?? ''), message)
})

test('an addon on a machine without libmnl: the remedy is to install that', () => {
  // A library that wants one of that name, which no machine has in this version.
  const build = (...words: string[]) => execFileSync('gcc', ['-shared', '-x', 'c', '/dev/null', ...words])
  build('-Wl,-soname,libmnl.so.999', '-o', join(folder, 'libmnl.so'))
  put('ipvs_director.node', '')
  build(
    '-Wl,--no-as-needed',
    '-x',
    'none',
    join(folder, 'libmnl.so'),
    '-o',
    join(folder, 'build/Release/ipvs_director.node'),
  )
  const { message } = failure()
  assert.match(message, /libmnl\.so\.999: cannot open shared object file/)
  assert.match(message, /To get it, install libmnl: apt-get install libmnl0$/)
})
