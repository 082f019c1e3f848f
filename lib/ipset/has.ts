/** Asking for many entries at once: one request each, many a datagram. The kernel answers only for those that miss. */
import { native, type KernelHandle } from '../native.js'
import { littleEndian } from '../record.js'
import { explainSets, InvalidEntryError, SetEntryError } from './explain.js'
import { IPSET_ERR_EXIST } from './kernel-errors.js'
import { sendAhead } from './pack.js'
import type { EntryRun } from './run.js'
import type { Entry } from './types.js'

const REFUSAL_BYTES = 12

/** One answer for each entry. Rejects with the first error that is not "no such entry". */
export async function hasEntries(
  handle: () => KernelHandle,
  set: string,
  entries: Iterable<string | Entry>,
): Promise<boolean[]> {
  const target = { set, action: 'has', exclusive: true, serviceNames: false } as const
  const answers: boolean[] = []
  try {
    for await (const { size, absent } of sendAhead(target, entries, (run) => ask(handle(), run))) {
      const first = answers.length
      for (let index = 0; index < size; index++) answers.push(true)
      for (const index of absent) answers[first + index] = false
    }
  } catch (error) {
    throw within(error, answers.length)
  }
  return answers
}

/** The position that an error names within its run → within all entries. Runs end in order. */
function within(error: unknown, first: number): unknown {
  if (error instanceof SetEntryError || error instanceof InvalidEntryError) {
    if (error.index !== undefined) error.index += first
  }
  return error
}

async function ask(handle: KernelHandle, run: EntryRun): Promise<{ size: number; absent: number[] }> {
  return { size: run.size, absent: await absentFrom(handle, run) }
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
    if (code !== IPSET_ERR_EXIST) throw Object.assign(run.explain(index, code, text), { index })
    absent.push(index)
  }
  return absent
}
