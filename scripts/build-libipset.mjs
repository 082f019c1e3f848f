#!/usr/bin/env node
/**
 * Builds the addon that links libipset, where libipset is to be had; says so and succeeds where it is not, since the
 * rest of the package works without it.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The oldest libipset that this has been tested with. */
const required = 'libipset >= 7.17'
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'native', 'libipset')

const found = spawnSync('pkg-config', ['--exists', '--print-errors', required], { encoding: 'utf8' })
if (found.status !== 0) {
  const reason = found.error?.message ?? found.stderr.trim().split('\n')[0]
  console.log(
    `not building the libipset addon (${reason}); to have it: apt-get install pkg-config libipset-dev`,
  )
} else {
  const build = spawnSync('node-gyp', ['configure', 'build', '--jobs=max', ...process.argv.slice(2)], {
    cwd: folder,
    stdio: 'inherit',
  })
  if (build.error !== undefined) throw build.error
  process.exitCode = build.status ?? 1
}
