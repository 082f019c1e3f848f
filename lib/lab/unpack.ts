/**
 * A kernel packed by xz is unpacked once, into a folder of the cache that the search for a kernel does not look into:
 * one that was named once is not what boots from then on.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { kernelCacheFolder, type UmlKernel } from './kernels.js'
import { runProgram } from './program.js'

/** The same kernel as an executable file. Needs the program `xz` if it is packed and not yet in the cache. */
export async function unpackedKernel(kernel: UmlKernel): Promise<UmlKernel> {
  if (!kernel.file.endsWith('.xz')) return kernel
  const target = unpackedFile(kernel.file)
  const [packed, unpacked] = await Promise.all([stat(kernel.file), stat(target).catch(() => undefined)])
  if (unpacked === undefined || unpacked.mtimeMs < packed.mtimeMs) {
    await mkdir(dirname(target), { recursive: true })
    await unpack(kernel.file, target)
  }
  return { ...kernel, file: target }
}

/** Kernels of the same name from different folders are different kernels. */
export function unpackedFile(packed: string, cache = kernelCacheFolder()): string {
  const origin = createHash('sha256').update(packed).digest('hex').slice(0, 8)
  return join(cache, 'unpacked', origin, basename(packed, '.xz'))
}

// Written beside the target and renamed: two runs may unpack at the same time, and either may be interrupted.
async function unpack(packed: string, target: string): Promise<void> {
  const partial = `${target}.${process.pid}.partial`
  const file = await open(partial, 'w', 0o755)
  try {
    await runProgram('xz', ['-dc', packed], { stdout: file.fd, package: 'xz-utils', code: 'ERR_LAB_FETCH' })
    await rename(partial, target)
  } finally {
    await file.close()
    await rm(partial, { force: true })
  }
}
