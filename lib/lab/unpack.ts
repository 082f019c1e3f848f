/** A kernel packed by xz is unpacked once, into the cache folder. */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { kernelCacheFolder, type UmlKernel } from './kernels.js'
import { runProgram } from './program.js'

/** The same kernel as an executable file. Needs the program `xz` if it is packed and not yet in the cache. */
export async function unpackedKernel(kernel: UmlKernel): Promise<UmlKernel> {
  if (!kernel.file.endsWith('.xz')) return kernel
  const folder = kernelCacheFolder()
  const target = join(folder, basename(kernel.file, '.xz'))
  const [packed, unpacked] = await Promise.all([stat(kernel.file), stat(target).catch(() => undefined)])
  if (unpacked === undefined || unpacked.mtimeMs < packed.mtimeMs) {
    await mkdir(folder, { recursive: true })
    await unpack(kernel.file, target)
  }
  return { ...kernel, file: target }
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
