/** The bench's command line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'

const program = join(__dirname, '..', '..', 'bench', 'run.js')

for (const suite of ['conntrack', 'sets', 'ipvs', 'director']) {
  test(`a row or a driver that the suite ${suite} does not have is refused, and those that it has are named`, async () => {
    for (const kind of ['row', 'driver']) {
      const bench = promisify(execFile)(process.execPath, [program, suite, `--${kind}s`, 'nope'])
      await assert.rejects(bench, (error: { code?: unknown; stderr?: unknown }) => {
        assert.equal(error.code, 2)
        assert.match(String(error.stderr), new RegExp(`${suite} has no ${kind} 'nope'; it has \\w`))
        return true
      })
    }
  })
}
