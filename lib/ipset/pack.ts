/** Any iterable of entries → runs of packed text, made in slices between which the event loop breathes. */
import { InvalidArgumentError, show } from '../errors.js'
import { Breather } from '../turns.js'
import { areColumns } from './columns.js'
import { formatEntry } from './format.js'
import type { Fault, Target } from './packed-text.js'
import { EntryRun } from './run.js'
import type { Entries, Entry } from './types.js'

// Packing a slice takes less than 1 ms on a slow machine.
const ENTRIES_A_SLICE = 1024
// Short turns: the kernel waits until this thread has heard that a run is done.
const TURN_MS = 1

// A run is worth its start from here on, and takes no more memory than this.
const FEWEST_SLICES = 8
const MOST_SLICES = 512

/** Some entries, all of them as text. Those that were none are empty, and `faults` tells why. */
interface Slice {
  readonly texts: string[]
  readonly faults?: ReadonlyMap<number, Fault> | undefined
}

/** Packs all entries into one run. */
export async function packed(target: Target, entries: Entries): Promise<EntryRun> {
  const run = new EntryRun()
  const breather = new Breather()
  for await (const { texts, faults } of slicesOf(entries)) {
    run.text.appendAll(target, texts, faults)
    await breather.breathe()
  }
  return run
}

/**
 * Packs entries into runs and sends them, one after the other. What is packed while a run is on its way becomes the next:
 * a few long runs where the kernel takes its time, and at once where nothing is on its way.
 */
export async function* sendAhead<Result>(
  target: Target,
  entries: Entries,
  send: (run: EntryRun) => Promise<Result>,
): AsyncGenerator<Result> {
  let run = new EntryRun()
  let slices = 0
  let sent: Promise<Result> | undefined
  let onItsWay = false
  const breather = new Breather(TURN_MS)
  const arrived = () => void (onItsWay = false)
  try {
    for await (const { texts, faults } of slicesOf(entries)) {
      run.text.appendAll(target, texts, faults)
      slices++
      await breather.breathe()
      if (slices < (onItsWay ? MOST_SLICES : FEWEST_SLICES)) continue
      if (sent !== undefined) yield await sent
      sent = send(run)
      onItsWay = true
      sent.then(arrived, arrived)
      run = new EntryRun()
      slices = 0
    }
    if (sent !== undefined) yield await sent
    if (run.size > 0) yield await send(run)
  } finally {
    // Also where the caller's iterator threw: nothing may be on its way when the caller hears of it.
    await sent?.catch(() => undefined)
  }
}

async function* slicesOf(entries: Entries): AsyncGenerator<Slice> {
  if (Array.isArray(entries)) {
    for (let at = 0; at < entries.length; at += ENTRIES_A_SLICE) {
      yield sliceOf(entries.slice(at, at + ENTRIES_A_SLICE) as (string | Entry)[])
    }
    return
  }
  let slice: (string | Entry)[] = []
  for await (const entry of iterate(entries)) {
    if (slice.push(entry) < ENTRIES_A_SLICE) continue
    yield sliceOf(slice)
    slice = []
  }
  if (slice.length > 0) yield sliceOf(slice)
}

/** Entries of any form but columns, one by one. */
export async function listOf(entries: Entries): Promise<(string | Entry)[]> {
  if (areColumns(entries)) throw new InvalidArgumentError('entries', entries, 'text or objects, no columns')
  if (Array.isArray(entries)) return entries as (string | Entry)[]
  const list: (string | Entry)[] = []
  const breather = new Breather()
  for await (const entry of iterate(entries)) {
    if (list.push(entry) % ENTRIES_A_SLICE === 0) await breather.breathe()
  }
  return list
}

function iterate(entries: Entries): Iterable<string | Entry> | AsyncIterable<string | Entry> {
  if (typeof entries === 'object' && entries !== null) {
    if (Symbol.iterator in entries || Symbol.asyncIterator in entries) return entries
  }
  return [entries as string | Entry]
}

// In place: the slice is nobody else's.
function sliceOf(entries: (string | Entry)[]): Slice {
  let faults: Map<number, Fault> | undefined
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]
    if (typeof entry === 'string') continue
    const text = textOf(entry as Entry)
    if (typeof text !== 'string') (faults ??= new Map<number, Fault>()).set(index, text)
    entries[index] = typeof text === 'string' ? text : ''
  }
  return { texts: entries as string[], faults }
}

function textOf(entry: Entry): string | Fault {
  try {
    return formatEntry(entry)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    return { entry: show(entry), error }
  }
}
