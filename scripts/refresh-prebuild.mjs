#!/usr/bin/env node
/**
 * Makes the prebuild where it is missing or older than a native source. prebuildify compiles everything anew and
 * leaves the result in build/ as well, so this comes before `npm run build:native`, which then has little to do.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const newestSource = Math.max(newest('native', /\.(cc|c|h|txt)$/), statSync('binding.gyp').mtimeMs)
if (newest('prebuilds', /\.node$/) < newestSource) {
  // prebuildify has no option for it, node-gyp takes it from here.
  const env = { ...process.env, JOBS: 'max' }
  const { status } = spawnSync('npm', ['run', '--silent', 'prebuild'], { stdio: 'inherit', env })
  process.exit(status ?? 1)
}

/** When the youngest of a folder's files of this kind was written; 0 when there is none. */
function newest(folder, kind) {
  if (!existsSync(folder)) return 0
  const files = readdirSync(folder, { recursive: true }).filter((name) => kind.test(name))
  return Math.max(0, ...files.map((name) => statSync(join(folder, name)).mtimeMs))
}
