/** Any iterable of entries → runs of packed text, made in slices between which the event loop breathes. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { InvalidArgumentError } from '../errors.js'
import { areColumns } from './columns.js'
import { formatEntry } from './format.js'
import type { Target } from './packed-text.js'
import { EntryRun } from './run.js'
import type { Entries, Entry } from './types.js'

// Packing a slice takes less than 1 ms of the event loop on a slow machine.
const ENTRIES_A_SLICE = 1024

/** Packs entries into runs of so many slices each. */
export async function* runsOf(target: Target, entries: Entries, slices: number): AsyncGenerator<EntryRun> {
  let run = new EntryRun()
  let filled = 0
  for await (const slice of slicesOf(entries)) {
    run.text.appendAll(target, slice)
    if (++filled === slices) {
      yield run
      run = new EntryRun()
      filled = 0
    } else {
      await nextTurn()
    }
  }
  if (run.size > 0) yield run
}

async function* slicesOf(entries: Entries): AsyncGenerator<string[]> {
  if (Array.isArray(entries)) {
    for (let at = 0; at < entries.length; at += ENTRIES_A_SLICE) {
      yield textsOf(entries.slice(at, at + ENTRIES_A_SLICE) as (string | Entry)[], at)
    }
    return
  }
  let slice: (string | Entry)[] = []
  let first = 0
  for await (const entry of iterate(entries)) {
    if (slice.push(entry) < ENTRIES_A_SLICE) continue
    yield textsOf(slice, first)
    first += slice.length
    slice = []
  }
  if (slice.length > 0) yield textsOf(slice, first)
}

/** Entries of any form but columns, one by one. */
export async function listOf(entries: Entries): Promise<(string | Entry)[]> {
  if (areColumns(entries)) throw new InvalidArgumentError('entries', entries, 'text or objects, no columns')
  if (Array.isArray(entries)) return entries as (string | Entry)[]
  const list: (string | Entry)[] = []
  for await (const entry of iterate(entries)) {
    if (list.push(entry) % ENTRIES_A_SLICE === 0) await nextTurn()
  }
  return list
}

function iterate(entries: Entries): Iterable<string | Entry> | AsyncIterable<string | Entry> {
  if (typeof entries === 'object' && entries !== null) {
    if (Symbol.iterator in entries || Symbol.asyncIterator in entries) return entries
  }
  return [entries as string | Entry]
}

function textsOf(entries: (string | Entry)[], first: number): string[] {
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]
    if (typeof entry !== 'string') entries[index] = textOf(entry, first + index)
  }
  return entries as string[]
}

function textOf(entry: Entry | undefined, index: number): string {
  try {
    return formatEntry(entry as Entry)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new InvalidArgumentError(`entries[${index}].${error.field}`, error.value, error.allowed)
  }
}
