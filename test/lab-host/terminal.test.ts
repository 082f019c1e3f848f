/** A command at a terminal. script(1) lends one to the launcher. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import test from 'node:test'
import { guest } from './guest.js'

test('the command gets a terminal where the launcher has one, and the exit code comes back', () => {
  const program = `${process.execPath} ${resolve('dist/lib/cli/main.js')}`
  const command = 'test -t 0 && test -t 1 && test -t 2 && tty && stty size && exit 9'
  const { status, stdout } = spawnSync(
    'script',
    [
      '--quiet',
      '--return',
      '--command',
      `stty rows 31 cols 97; ${program} lab -k ${guest.kernel} -- sh -c '${command}'`,
      '/dev/null',
    ],
    { encoding: 'utf8' },
  )
  assert.equal(status, 9, stdout)
  assert.match(stdout, /\/dev\/tty0\s+31 97/)
})
