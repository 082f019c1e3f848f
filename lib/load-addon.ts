/** Finds and loads the compiled addon, and explains in one message when that does not work. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { DirectorError } from './errors.js'

/** The package's own folder: this file runs from dist/lib/. */
export const packageRoot = join(__dirname, '..', '..')

/** `folder` is where the package lies. */
export function loadAddon(folder: string = packageRoot): unknown {
  if (process.platform !== 'linux') {
    throw new DirectorError(
      `ipvs-director programs the Linux kernel; this is ${process.platform}. Run it on Linux, or in a Linux virtual machine`,
      { code: 'ERR_UNSUPPORTED_PLATFORM', operation: 'openKernel' },
    )
  }
  try {
    // Loaded here and not at the top, so that importing the package works where it cannot run.
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- node-gyp-build is a CommonJS loader
    const nodeGypBuild = require('node-gyp-build') as (folder: string) => unknown
    return nodeGypBuild(folder)
  } catch (cause) {
    throw loadFailure(folder, cause)
  }
}

function loadFailure(folder: string, cause: unknown): DirectorError {
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
  const tried = ['prebuilds', 'build/Release'].map((name) => {
    const path = join(folder, name)
    return `${path} (${existsSync(path) ? 'there' : 'absent'})`
  })
  const remedy = reason.includes('libmnl')
    ? 'install libmnl: apt-get install libmnl0'
    : 'build it: apt-get install g++ make python3 libmnl-dev, then npm rebuild ipvs-director'
  return new DirectorError(
    `the native addon for ${process.platform}-${process.arch}, Node ${process.versions.node} did not load: ${reason}. ` +
      `Tried ${tried.join(', ')}. To get it, ${remedy}`,
    { code: 'ERR_ADDON_LOAD', operation: 'openKernel', cause },
  )
}
