/** Debian's stock kernels for QEMU, in the cache folder: found, and fetched. */
import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { PrivateApt, releaseName } from '../debian/private-apt.js'
import { LabError } from '../errors.js'
import { kernelCacheFolder, newestName, thisMachine, type KernelPlaces } from '../kernels.js'
import { makeFolder } from '../made-whole.js'
import { runProgram } from '../program.js'
import { writeInitramfs } from './initramfs.js'

/** Debian 12 has virtiofsd in qemu-system-common, later releases in a package of its own. */
export const fileServers = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd']

export interface QemuKernel {
  /** Holds `vmlinuz`, `initramfs` and `lib/modules/RELEASE`. */
  readonly folder: string
}

/** The kernel to boot: `requested` (a folder), else the newest `qemu-RELEASE` in the cache folder. */
export function findQemuKernel(
  requested: string | undefined,
  places: KernelPlaces = thisMachine,
): QemuKernel {
  const cache = kernelCacheFolder(places)
  const cached = newestName(places.names(cache), /^qemu-\d/)
  const folder = requested === undefined ? cached && join(cache, cached) : resolve(requested)
  if (folder !== undefined && places.readable(join(folder, 'vmlinuz'))) return { folder }
  throw new LabError('no kernel for QEMU found', {
    code: 'ERR_LAB_KERNEL_MISSING',
    tried: [requested === undefined ? join(cache, 'qemu-*') : resolve(requested, 'vmlinuz')],
    remedy: 'run: ipvs-director lab fetch-kernel',
  })
}

export interface FetchOptions {
  /** Told what is being done, in a few words. */
  onProgress?: (text: string) => void
  signal?: AbortSignal | undefined
}

export interface FetchedKernel extends QemuKernel {
  readonly release: string
  /** The Debian package it came from. */
  readonly package: string
}

/**
 * Fetches Debian's newest stock kernel that this release offers (its backports, or what it came with) into the cache
 * folder. Nothing is installed, and the machine's package lists stay as they are.
 * @throws LabError `ERR_LAB_FETCH`, `ERR_LAB_PROGRAM_MISSING`
 */
export async function fetchQemuKernel({
  onProgress = () => {},
  signal,
}: FetchOptions = {}): Promise<FetchedKernel> {
  const cache = kernelCacheFolder()
  onProgress('reading package lists')
  const { apt, name } = await newestKernelPackage(join(dirname(cache), 'apt'), signal)
  const release = name.replace(/^linux-image-/, '')
  const folder = join(cache, `qemu-${release}`)
  if (existsSync(join(folder, 'vmlinuz'))) return { folder, release, package: name }
  onProgress(`fetching ${name}`)
  const file = await apt.download(name)
  onProgress(`unpacking ${basename(file)}`)
  await unpackKernel(file, release, folder, signal)
  await rm(dirname(file), { recursive: true, force: true })
  return { folder, release, package: name }
}

/** Backports' kernel without hardware drivers where there is one; the first release's knows no virtiofs without them. */
async function newestKernelPackage(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ apt: PrivateApt; name: string }> {
  const codename = await releaseName()
  const choices = [
    { suite: `${codename}-backports`, meta: 'linux-image-cloud-amd64' },
    { suite: codename, meta: 'linux-image-amd64' },
  ]
  const tried: string[] = []
  for (const { suite, meta } of choices) {
    try {
      const apt = await PrivateApt.open(folder, suite, { signal })
      const name = (await apt.dependencies(meta)).find((dependency) => /^linux-image-\d/.test(dependency))
      if (name !== undefined) return { apt, name }
      tried.push(`${suite}: no ${meta}`)
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'ERR_LAB_FETCH') throw error
      tried.push(`${suite}: ${error.message}`)
    }
  }
  throw new LabError("Debian's kernel cannot be fetched", {
    code: 'ERR_LAB_FETCH',
    tried,
  })
}

async function unpackKernel(
  file: string,
  release: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const options = { signal, code: 'ERR_LAB_FETCH' } as const
  await makeFolder(folder, async (work) => {
    const raw = join(work, 'raw')
    await runProgram('dpkg-deb', ['-x', file, raw], { ...options, package: 'dpkg' })
    await rename(join(raw, 'boot', `vmlinuz-${release}`), join(work, 'vmlinuz'))
    const library = (await readdir(raw)).includes('lib') ? join(raw, 'lib') : join(raw, 'usr/lib')
    await rename(library, join(work, 'lib'))
    await rm(raw, { recursive: true })
    await runProgram('depmod', ['-b', work, release], { ...options, package: 'kmod' })
    await writeInitramfs(join(work, 'initramfs'), work, release)
  })
}
