/** What the guide and the page about experiments show is what the commands print. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { missingLine, shownCommands } from '../support/console-blocks.js'
import { defaultKernel } from '../support/lab-kernel.js'
import { guest } from './guest.js'

const program = 'ipvs-director() { "$NODE" dist/lib/cli/main.js "$@"; }'
// Where there is no other, the program finds Debian's by itself.
const kernel = guest.kernel === defaultKernel ? {} : { IPVS_DIRECTOR_LAB_KERNEL: guest.kernel }

for (const page of ['docs/guide.md', 'docs/experiments.md']) {
  for (const { command, output } of shownCommands(readFileSync(page, 'utf8'))) {
    test(`${page}: ${command}`, () => {
      const { status, stdout, stderr } = spawnSync('bash', ['-c', `${program}\n${command}`], {
        encoding: 'utf8',
        timeout: 120_000,
        env: { ...process.env, NODE: process.execPath, ...kernel },
      })
      assert.equal(status, 0, stderr)
      assert.equal(missingLine(output, stdout.trimEnd().split('\n')), undefined, stdout)
    })
  }
}

test('a line that is not printed, one too many, and one out of its order are found', () => {
  assert.equal(missingLine(['a', '…', 'c 1.2 s'], ['a', 'b', 'c 3.4 s', '']), undefined)
  assert.equal(missingLine(['a', 'c'], ['a', 'b', 'c']), 'c')
  assert.equal(missingLine(['b', 'a'], ['a', 'b']), 'b')
  assert.match(missingLine(['a'], ['a', 'b']) ?? '', /there is more: b/)
})
