import assert from 'node:assert/strict'
import test from 'node:test'
import { helpText, versionText } from '../../../lib/cli/ipvsadm/help.js'

test('help shows every command under the name that the program was called by', () => {
  const help = helpText('director')
  for (const command of [
    '-A|-E',
    '-D',
    '-a|-e',
    '-d',
    '-C',
    '-L|-l',
    '-Z',
    '-S',
    '-R',
    '--set',
    '--start-daemon',
  ]) {
    assert.ok(help.includes(`\n  director ${command}`), command)
  }
})

test('the version names the release whose command line is spoken', () => {
  assert.match(versionText(), /^ipvsadm v1\.31 as spoken by ipvs-director\n$/)
})
