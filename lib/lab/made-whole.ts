/** Folders of the cache that are there with all that belongs to them, or not at all. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Has `fill` make the folder beside its place, and puts it there in the stead of what was there: work that is interrupted
 * leaves nothing half done to be found.
 */
export async function makeFolder(folder: string, fill: (work: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.partial-`)
  try {
    await fill(work)
    await rm(folder, { recursive: true, force: true })
    await rename(work, folder)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
