/** What a user reads where libipset is missing. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { UnsupportedFeatureError } from '../../lib/index.js'
import { loadLibipsetAddon } from '../../lib/ipset/libipset-addon.js'

function failureIn(folder: string): UnsupportedFeatureError {
  try {
    loadLibipsetAddon(folder)
  } catch (error) {
    assert.ok(error instanceof UnsupportedFeatureError)
    return error
  }
  assert.fail('it loaded')
}

test('an addon that was never built: the error says where it was sought and how to build it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  try {
    const { code, message, remedy, feature } = failureIn(folder)
    assert.equal(code, 'ERR_UNSUPPORTED_FEATURE')
    assert.equal(feature, "ipset's own text language")
    assert.ok(message.includes(`${join(folder, 'build/Release')} (absent)`), message)
    assert.match(remedy, /libipset-dev.*npm run build:libipset/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test("an addon that does not load: the error carries the loader's reason", () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  try {
    mkdirSync(join(folder, 'build', 'Release'), { recursive: true })
    writeFileSync(join(folder, 'build', 'Release', 'broken.node'), 'no library')
    const { message, cause } = failureIn(folder)
    assert.ok(message.includes(`${join(folder, 'build/Release')} (there)`), message)
    assert.ok(cause instanceof Error && message.includes(cause.message.split('\n')[0] ?? ''), message)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
