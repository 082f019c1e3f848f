/** Fetches a newer QEMU than the installed one from Debian's backports. */
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PrivateApt, releaseName } from '../debian/private-apt.js'
import { upstreamVersion } from '../debian/upstream-version.js'
import { LabError } from '../errors.js'
import { makeFolder } from '../made-whole.js'
import { runProgram } from '../program.js'
import { type Emulator, emulatorCacheFolder, examineFetched, findEmulator, threadsFor } from './emulators.js'
import type { FetchOptions } from './kernels.js'

/** The program, what it boots with, and the firmware. Its libraries are those of the installed one. */
const packages = ['qemu-system-x86', 'qemu-system-data', 'seabios']

/**
 * Makes sure that there is a QEMU that emulates each processor of a guest by a thread of its own, which takes QEMU 8.1:
 * where the installed one is older, Debian's newest of this release's backports is fetched into the cache folder. Nothing
 * is installed, and the machine's package lists stay as they are.
 * @throws LabError `ERR_LAB_FETCH` (backports have none, or none that runs here), `ERR_LAB_PROGRAM_MISSING`
 */
export async function fetchEmulator({ onProgress = () => {}, signal }: FetchOptions = {}): Promise<Emulator> {
  const present = await findEmulator()
  if (present.threads === 'multi') return present
  const cache = emulatorCacheFolder()
  const suite = `${await releaseName()}-backports`
  onProgress('reading package lists')
  const apt = await PrivateApt.open(join(dirname(cache), 'apt'), suite, { signal })
  const offered = upstreamVersion(await apt.version('qemu-system-x86'))
  if (offered === undefined || threadsFor(offered) !== 'multi') {
    throw new LabError(`${suite} has no newer QEMU than ${present.version}`, { code: 'ERR_LAB_FETCH' })
  }
  const folder = join(cache, `qemu-${offered}`)
  await makeFolder(folder, async (work) => {
    for (const name of packages) {
      onProgress(`fetching ${name}`)
      const file = await apt.download(name)
      await runProgram('dpkg-deb', ['-x', file, work], { signal, code: 'ERR_LAB_FETCH', package: 'dpkg' })
      await rm(dirname(file), { recursive: true, force: true })
    }
  })
  return examineFetched(folder).catch(async (cause: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw new LabError(`QEMU ${offered} of ${suite} does not run here`, { code: 'ERR_LAB_FETCH', cause })
  })
}
