/**
 * Takes changes to sets back. The touched sets are read before the commit and again when something was refused: what
 * differs is put back. So also what a range left behind that was refused half way goes away.
 *
 * What cannot come back: counters that traffic has moved on, and entries whose time has run out meanwhile.
 */
import type { Batch } from '../batch.js'
import type { BatchRun, Inverse, UndoLog } from '../run.js'
import { inTurns, paced, type Steps } from '../turns.js'
import { elementOf, lastingText } from './element.js'
import { ColumnRun, EntryRun } from './run.js'
import type { Entry } from './types.js'

/** The entries of a set; undefined where there is no such set. */
export type ReadEntries = (set: string) => Promise<readonly Entry[] | undefined>

export class SetUndoLog implements UndoLog {
  private readonly before = new Map<string, readonly Entry[]>()
  private readonly inverses = new Map<string, Inverse>()
  private captured = 0

  constructor(private readonly read: ReadEntries) {}

  async capture(runs: readonly BatchRun[]): Promise<void> {
    for (const set of new Set(runs.flatMap((run) => setsOf(run)))) {
      const entries = await this.read(set)
      if (entries !== undefined) this.before.set(set, entries)
    }
    this.captured = performance.now()
  }

  async compare(): Promise<void> {
    for (const [set, before] of this.before) {
      const now = (await this.read(set)) ?? []
      const passed = (performance.now() - this.captured) / 1000
      const changes = isList(before, now)
        ? relist(before, now)
        : await inTurns(difference(before, now, passed))
      if (changes.length > 0) {
        this.inverses.set(set, (undo) => paced(changes, (change) => change(undo, set)))
      }
    }
  }

  /** The first operation on a set takes all of them back: undoing goes from last to first, so it comes at the end. */
  inverse(run: BatchRun, index: number): Inverse {
    const set = setAt(run, index)
    const inverse = this.inverses.get(set)
    this.inverses.delete(set)
    return inverse ?? (() => undefined)
  }

  rest(): Inverse[] {
    return [...this.inverses.values()]
  }
}

function setsOf(run: BatchRun): string[] {
  if (run instanceof EntryRun) return run.text.sets()
  return run instanceof ColumnRun ? [run.target.set] : []
}

function setAt(run: BatchRun, index: number): string {
  if (run instanceof EntryRun) return run.target(index).set
  if (run instanceof ColumnRun) return run.target.set
  throw new TypeError('not a run of changes to sets')
}

type Change = (undo: Batch, set: string) => void

const remove =
  (entry: Entry): Change =>
  (undo, set) =>
    void undo.removeEntry(set, elementOf(entry))

const put =
  (entry: Entry): Change =>
  (undo, set) =>
    void undo.addEntry(set, entry, { exist: 'ignore' })

function isList(...listings: readonly (readonly Entry[])[]): boolean {
  return listings.some(([first]) => first?.set !== undefined)
}

/** The members of a list have an order, which only adding them anew gives back. */
function relist(before: readonly Entry[], now: readonly Entry[]): Change[] {
  const members = (entries: readonly Entry[]) => entries.map(lastingText).join('\n')
  return members(before) === members(now) ? [] : [...now.map(remove), ...before.map(put)]
}

function* difference(before: readonly Entry[], now: readonly Entry[], passed: number): Steps<Change[]> {
  const present = new Map<string, Entry>()
  for (const entry of now) {
    yield
    present.set(elementOf(entry), entry)
  }
  const missing: Entry[] = []
  for (const entry of before) {
    yield
    const element = elementOf(entry)
    const found = present.get(element)
    present.delete(element)
    const wanted = aged(entry, passed)
    if (wanted !== undefined && (found === undefined || isOther(wanted, found))) missing.push(wanted)
  }
  const changes: Change[] = []
  yield* paced(present.values(), (entry) => void changes.push(remove(entry)))
  yield* paced(missing, (entry) => void changes.push(put(entry)))
  return changes
}

/** The entry as it would be now if nobody had touched it; undefined where its time has run out. */
function aged(entry: Entry, passed: number): Entry | undefined {
  if (entry.timeout === undefined || entry.timeout === 0) return entry
  const left = Math.ceil(entry.timeout - passed)
  return left > 0 ? { ...entry, timeout: left } : undefined
}

// The kernel rounds, and reading takes its time too.
const SAME_SECONDS = 2

function isOther(wanted: Entry, found: Entry): boolean {
  const [left, right] = [wanted.timeout ?? 0, found.timeout ?? 0]
  const time = (left === 0) !== (right === 0) || Math.abs(left - right) > SAME_SECONDS
  const lower = BigInt(found.packets ?? 0) < BigInt(wanted.packets ?? 0)
  return time || lower || lastingText(wanted) !== lastingText(found)
}
