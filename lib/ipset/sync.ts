/** Gives a set exactly the entries that are wanted by changing only what differs. */
import { Batch, type EntryOptions } from '../batch.js'
import type { CommitReport } from '../commit.js'
import { inTurns, paced, type Steps } from '../turns.js'
import type { Entry, SetHeader } from './types.js'

export interface SyncReport extends CommitReport {
  /** `'difference'`: only `added` and `removed` were touched. `'replacement'`: that was less work. */
  readonly by: 'difference' | 'replacement'
  /** Entries that were not there, or not as they are wanted. */
  readonly added: number
  readonly removed: number
}

/** What a synchronisation is made with. */
export interface SyncHost {
  header(name: string): Promise<SetHeader>
  /** The set as `save` prints it, in whole lines. */
  saved(): AsyncIterable<ArrayBuffer>
  /** Entries as `save` would print them, a line each; an empty line for one that does not fit the set. */
  canonical(entries: readonly (string | Entry)[]): AsyncIterable<ArrayBuffer>
  /** All or nothing. */
  commit(batch: Batch): Promise<CommitReport>
  replace(name: string, entries: readonly (string | Entry)[]): Promise<CommitReport>
}

export async function syncEntries(
  host: SyncHost,
  name: string,
  wanted: readonly (string | Entry)[],
  options: EntryOptions,
): Promise<SyncReport> {
  const header = await host.header(name)
  // Where time runs, each entry gets its time anew; where order counts, only a whole list has the right one.
  if (header.timeout === undefined && header.type !== 'list:set') {
    const { missing, foreign, kept } = await compare(host, header, wanted)
    // A removal costs about as much as an addition, and a replacement adds everything.
    if (missing.length + foreign.length <= wanted.length || kept === wanted.length) {
      const report = await host.commit(await inTurns(batchOf(name, foreign, missing, options)))
      return { ...report, by: 'difference', added: missing.length, removed: foreign.length }
    }
  }
  const report = await host.replace(name, wanted)
  return { ...report, by: 'replacement', added: wanted.length, removed: header.entries }
}

function* batchOf(
  name: string,
  removed: readonly string[],
  added: readonly (string | Entry)[],
  options: EntryOptions,
): Steps<Batch> {
  const batch = new Batch()
  yield* paced(removed, (entry) => void batch.removeEntry(name, entry))
  yield* paced(added, (entry) => void batch.addEntry(name, entry, options))
  return batch
}

interface Difference {
  readonly missing: (string | Entry)[]
  /** Elements that are not wanted, or not in this form. */
  readonly foreign: string[]
  readonly kept: number
}

/**
 * Compares as text, both sides as `save` prints them. What stands for several entries (a range, a network in a set of
 * addresses) counts as missing, and what it stands for as foreign: removed, then added again.
 */
async function compare(
  host: SyncHost,
  header: SetHeader,
  wanted: readonly (string | Entry)[],
): Promise<Difference> {
  const missing = new Map<string, string | Entry>()
  let index = 0
  const want = (line: string) => {
    // One that does not fit the set is equal to none, and the commit says why.
    const key = line === '' ? `\0${index}` : line
    missing.set(key, wanted[index++] as string | Entry)
  }
  for await (const text of host.canonical(wanted)) await inTurns(paced(linesOf(text), want))
  const foreign: string[] = []
  let kept = 0
  const start = `add ${header.name} `
  const match = (line: string) => {
    if (!line.startsWith(start)) return
    const entry = line.slice(start.length)
    if (missing.delete(header.counters ? entry.replace(COUNTERS, '') : entry)) kept++
    else foreign.push(entry.split(' ', 1)[0] as string)
  }
  for await (const text of host.saved()) await inTurns(paced(linesOf(text), match))
  return { missing: [...missing.values()], foreign, kept }
}

// The first is the entry's own: a comment, which may look like anything, stands behind it.
const COUNTERS = / packets \d+ bytes \d+/
const NEWLINE = 10

function* linesOf(text: ArrayBuffer): Generator<string> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start)
    yield bytes.toString('utf8', start, end)
    start = end + 1
  }
}
