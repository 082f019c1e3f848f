/** Gives a set exactly the entries that are wanted by changing only what differs. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { Batch, type EntryOptions } from '../batch.js'
import type { CommitReport } from '../commit.js'
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

/** Rows that are turned into text between two turns of the event loop: about 2 ms on a slow machine. */
const ROWS_A_TURN = 1024

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
      const report = await host.commit(await batchOf(name, foreign, missing, options))
      return { ...report, by: 'difference', added: missing.length, removed: foreign.length }
    }
  }
  const report = await host.replace(name, wanted)
  return { ...report, by: 'replacement', added: wanted.length, removed: header.entries }
}

async function batchOf(
  name: string,
  removed: readonly string[],
  added: readonly (string | Entry)[],
  options: EntryOptions,
): Promise<Batch> {
  const batch = new Batch()
  for await (const entry of breathing(removed)) batch.removeEntry(name, entry)
  for await (const entry of breathing(added)) batch.addEntry(name, entry, options)
  return batch
}

async function* breathing<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [index, item] of items.entries()) {
    if (index % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn()
    yield item
  }
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
  for await (const entry of breathing(wanted)) {
    missing.set(typeof entry === 'string' ? entry.trim() : formatEntry(entry), entry)
  }
  const foreign: string[] = []
  let kept = 0
  for await (const table of tables) {
    for (let index = 0; index < table.length; index++) {
      if (index % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn()
      const entry = table.at(index) as Entry
      if (missing.delete(lastingText(entry))) kept++
      else foreign.push(elementOf(entry))
    }
  }
  return { missing: [...missing.values()], foreign, kept }
}
