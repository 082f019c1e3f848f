/** Asking for many entries at once: one request each, many a datagram. The kernel answers only for those that miss. */
import { native, type KernelHandle } from '../native.js'
import { littleEndian } from '../record.js'
import { explainSets } from './explain.js'
import { IPSET_ERR_EXIST } from './kernel-errors.js'
import { runsOf } from './pack.js'
import type { EntryRun } from './run.js'
import type { Entry } from './types.js'

const SLICES_A_RUN = 32
const REFUSAL_BYTES = 12

/** One answer for each entry. Rejects with the first error that is not "no such entry". */
export async function hasEntries(
  handle: () => KernelHandle,
  set: string,
  entries: Iterable<string | Entry>,
): Promise<boolean[]> {
  const target = { set, action: 'has', exclusive: true, serviceNames: false } as const
  const answers: boolean[] = []
  for await (const run of runsOf(target, entries, SLICES_A_RUN)) {
    const first = answers.length
    for (let index = 0; index < run.size; index++) answers.push(true)
    for (const absent of await absentFrom(handle(), run)) answers[first + absent] = false
  }
  return answers
}

async function absentFrom(handle: KernelHandle, run: EntryRun): Promise<number[]> {
  const { runs, failure } = await native().commit(handle, [run.native()], {
    stopOnRefusal: false,
    aborted: undefined,
  })
  if (failure !== undefined) throw explainSets('has')(failure)
  const absent: number[] = []
  const refused = new DataView(runs[0]?.refused ?? new ArrayBuffer(0))
  for (let row = 0; row < refused.byteLength; row += REFUSAL_BYTES) {
    const index = refused.getUint32(row, littleEndian)
    const code = refused.getInt32(row + 4, littleEndian)
    const text = runs[0]?.texts[refused.getUint32(row + 8, littleEndian) - 1] ?? ''
    if (code !== IPSET_ERR_EXIST) throw run.explain(index, code, text)
    absent.push(index)
  }
  return absent
}
