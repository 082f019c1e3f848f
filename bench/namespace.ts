/** A network namespace for what must not meet what others left behind. */
import { execFile } from 'node:child_process'
import { pid } from 'node:process'
import { promisify } from 'node:util'

import { openKernel, type Kernel } from '../lib/index.js'

const run = promisify(execFile)
let made = 0

/** A fresh namespace, its loopback up, with a kernel open on it; both go afterwards. */
export async function inNamespace<T>(
  work: (room: { kernel: Kernel; path: string }) => Promise<T>,
): Promise<T> {
  const name = `bench-${pid}-${++made}`
  const path = `/run/netns/${name}`
  await run('ip', ['netns', 'add', name])
  try {
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
    const kernel = await openKernel({ netns: path })
    try {
      return await work({ kernel, path })
    } finally {
      await kernel.close()
    }
  } finally {
    await run('ip', ['netns', 'delete', name])
  }
}
