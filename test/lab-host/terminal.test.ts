/** A command at a terminal. script(1) lends one to the launcher. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { guest } from './guest.js'

/** Runs a command of a shell at a terminal at which nobody types. */
async function atTerminal(command: string): Promise<{ status: number; output: string }> {
  // Its input stays open: script would pass on the end of it, as a character that may show up in the output.
  const script = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'])
  const [output, [status]] = await Promise.all([
    text(script.stdout),
    once(script, 'exit') as Promise<[number]>,
  ])
  return { status, output }
}

test('the command gets a terminal where the launcher has one, and the exit code comes back', async () => {
  const program = `${process.execPath} ${resolve('dist/lib/cli/main.js')}`
  const command = 'test -t 0 && test -t 1 && test -t 2 && tty && stty size && exit 9'
  const { status, output } = await atTerminal(
    `stty rows 31 cols 97; ${program} lab -k ${guest.kernel} -- sh -c '${command}'`,
  )
  assert.equal(status, 9, output)
  assert.match(output, /\/dev\/tty0\s+31 97/)
})
