/** The rest of a text that `sets.restore` gives away. */
import type { IpsetRestoreReport } from './libipset.js'
import { loadLibipset } from './libipset.js'
import type { SetRestoreOptions } from './restore.js'

// Async, so that libipset's absence arrives as a rejection.
export async function restoreByLibipset(
  text: string,
  firstLine: number,
  options: SetRestoreOptions,
  netns: string | undefined,
): Promise<IpsetRestoreReport> {
  const { exist, serviceNames, signal } = options
  return loadLibipset().restore(text, {
    netns,
    signal,
    firstLine,
    exist: exist === 'ignore',
    allowServiceNames: serviceNames ?? false,
  })
}
