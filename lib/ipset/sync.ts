/** Gives a set exactly the entries that are wanted by changing only what differs. */
import { Batch, type EntryOptions } from '../batch.js'
import type { CommitReport } from '../commit.js'
import { inTurns, paced, type Steps } from '../turns.js'
import type { EntryTable } from './entry-listing.js'
import { elementOf, lastingText } from './element.js'
import { formatEntry } from './format.js'
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
  tables(name: string): AsyncIterable<EntryTable>
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
    const { missing, foreign, kept } = await compare(host.tables(name), wanted)
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
 * Compares as text. An entry that is wanted in another form than the kernel's own (`'10.0.0.1,80'` for
 * `'10.0.0.1,tcp:80'`, a range) counts as missing, and what it stands for as foreign: removed, then added again.
 */
async function compare(
  tables: AsyncIterable<EntryTable>,
  wanted: readonly (string | Entry)[],
): Promise<Difference> {
  const missing = new Map<string, string | Entry>()
  const want = (entry: string | Entry) =>
    void missing.set(typeof entry === 'string' ? entry.trim() : formatEntry(entry), entry)
  await inTurns(paced(wanted, want))
  const foreign: string[] = []
  let kept = 0
  for await (const table of tables) {
    const match = (entry: Entry) => {
      if (missing.delete(lastingText(entry))) kept++
      else foreign.push(elementOf(entry))
    }
    await inTurns(paced(table, match))
  }
  return { missing: [...missing.values()], foreign, kept }
}
