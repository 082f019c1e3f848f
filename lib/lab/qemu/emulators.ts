/** QEMU itself: the one that is installed, and a newer one in the cache folder. */
import { join } from 'node:path'
import { LabError } from '../errors.js'
import { kernelCacheFolder, newestName, thisMachine, type KernelPlaces } from '../kernels.js'
import { runProgram } from '../program.js'

const installedProgram = '/usr/bin/qemu-system-x86_64'

export interface Emulator {
  readonly program: string
  /** As it says of itself: `10.0.2`. */
  readonly version: string
  /** How many threads emulate the guest's processors: one, or one each. */
  readonly threads: EmulatorThreads
  /** Folders of firmware, where they are not its own. */
  readonly firmware: readonly string[]
}

export type EmulatorThreads = 'single' | 'multi'

/**
 * The installed QEMU; the newest one in the cache folder where that one can do what the installed one cannot: emulate
 * each processor by a thread of its own. @throws LabError `ERR_LAB_PROGRAM_MISSING`
 */
export async function findEmulator(places: KernelPlaces = thisMachine): Promise<Emulator> {
  const installed = places.readable(installedProgram) ? await examine(installedProgram) : undefined
  if (installed?.threads === 'multi') return installed
  const found = (await newestFetched(places)) ?? installed
  if (found !== undefined) return found
  throw new LabError('QEMU is not installed', {
    code: 'ERR_LAB_PROGRAM_MISSING',
    tried: [installedProgram],
    remedy: 'run: apt-get install --no-install-recommends qemu-system-x86 qemu-system-common',
  })
}

/** Where fetched ones are kept, each in a folder `qemu-VERSION` with the files of its packages below it. */
export function emulatorCacheFolder(places: KernelPlaces = thisMachine): string {
  return join(kernelCacheFolder(places), '..', 'emulators')
}

export async function examineFetched(folder: string): Promise<Emulator> {
  const share = join(folder, 'usr/share')
  const found = await examine(join(folder, installedProgram))
  return { ...found, firmware: [join(share, 'qemu'), join(share, 'seabios')] }
}

/**
 * A kernel rewrites its own instructions while it runs. Before QEMU 8.1, a thread could translate a page that another
 * was writing to, and run what stood there before for good: the guest died of a stray breakpoint sooner or later.
 */
export function threadsFor(version: string): EmulatorThreads {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(version) ?? []
  return Number(major) * 100 + Number(minor) >= 801 ? 'multi' : 'single'
}

async function newestFetched(places: KernelPlaces): Promise<Emulator | undefined> {
  const cache = emulatorCacheFolder(places)
  const name = newestName(places.names(cache), /^qemu-[\d.]+$/)
  if (name === undefined) return undefined
  // Fetched for another release of the system, whose libraries are gone by now: as if it were not there.
  return examineFetched(join(cache, name)).catch(() => undefined)
}

async function examine(program: string): Promise<Emulator> {
  const text = await runProgram(program, ['--version'], { code: 'ERR_LAB_PROGRAM_MISSING' })
  const version = /version (\d+(?:\.\d+)+)/.exec(text)?.[1] ?? 'unknown'
  return { program, version, threads: threadsFor(version), firmware: [] }
}
