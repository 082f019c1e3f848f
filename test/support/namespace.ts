/** Network namespaces for tests: each test makes its own and leaves nothing behind. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { openKernel, type Kernel } from '../../lib/index.js'

const run = promisify(execFile)

/** Give it to `test()` as `skip`: why namespaces cannot be made here, or false. */
export const skipWithoutNamespaces =
  process.getuid?.() === 0 ? false : 'needs root, to make network namespaces with ip-netns(8)'

export interface TestNamespace {
  readonly name: string
  /** For `openKernel({ netns })`. */
  readonly path: string
  /** Runs ip(8) inside. */
  readonly ip: (...args: readonly string[]) => Promise<string>
}

let made = 0

/** Runs a test body with a fresh namespace, of which `lo` is up. */
export async function withNamespace<T>(body: (namespace: TestNamespace) => Promise<T>): Promise<T> {
  const name = `ipvs-director-${process.pid}-${made++}`
  await run('ip', ['netns', 'add', name])
  const ip = async (...args: readonly string[]): Promise<string> =>
    (await run('ip', ['-n', name, ...args])).stdout
  try {
    await ip('link', 'set', 'lo', 'up')
    return await body({ name, path: `/run/netns/${name}`, ip })
  } finally {
    await run('ip', ['netns', 'del', name])
  }
}

/** The same with a kernel open on it. */
export async function withKernel<T>(
  body: (kernel: Kernel, namespace: TestNamespace) => Promise<T>,
): Promise<T> {
  return withNamespace(async (namespace) => {
    const kernel = await openKernel({ netns: namespace.path })
    try {
      return await body(kernel, namespace)
    } finally {
      await kernel.close()
    }
  })
}
