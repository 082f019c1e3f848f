/** Changes to sets as runs of a batch: as text, or as columns. */
import type { DirectorError } from '../errors.js'
import { native, type NativeRun } from '../native.js'
import type { BatchRun } from '../run.js'
import type { NativeColumns } from './columns.js'
import { explainChange, explainSets, InvalidEntryError } from './explain.js'
import { PackedText, type Action, type Target } from './packed-text.js'

/** What an operation on a set's entry was to be done to. */
export interface EntryTarget {
  readonly set: string
  /** In ipset's syntax, as it was given. */
  readonly entry: string
}

export type EntryOperation = 'addEntry' | 'removeEntry' | 'has'

const operations: Readonly<Record<Action, EntryOperation>> = {
  add: 'addEntry',
  remove: 'removeEntry',
  has: 'has',
}

interface TextRun extends NativeRun {
  readonly text: readonly Uint8Array[]
}

/** Any mix of sets and actions, in order. */
export class EntryRun implements BatchRun {
  readonly table = 'sets'
  readonly text = new PackedText()

  get size(): number {
    return this.text.size
  }

  native(): TextRun {
    return { table: this.table, text: this.text.bytes() }
  }

  target(index: number): Target {
    return this.text.at(index).target
  }

  describe(index: number): { operation: EntryOperation; target: EntryTarget } {
    const { target, entry } = this.text.at(index)
    return { operation: operations[target.action], target: { set: target.shownAs ?? target.set, entry } }
  }

  explain(index: number, code: number, text: string): DirectorError {
    const { operation, target } = this.describe(index)
    const fault = code === native().sets.entryFault ? this.text.faultAt(index) : undefined
    if (fault === undefined) return explainChange(operation, target, code, text)
    return new InvalidEntryError(fault.field, fault.value, fault.allowed, target, operation)
  }

  failure(error: unknown): unknown {
    return explainSets('commit')(error)
  }
}

interface ColumnsRun extends NativeRun {
  readonly set: string
  readonly action: Action
  readonly exclusive: boolean
  readonly columns: NativeColumns
}

/** One table of columns for one set. */
export class ColumnRun implements BatchRun {
  readonly table = 'sets'

  constructor(
    readonly target: Target,
    private readonly columns: NativeColumns,
  ) {}

  get size(): number {
    return this.columns.size
  }

  native(): ColumnsRun {
    const { set, action, exclusive } = this.target
    return { table: this.table, set, action, exclusive, columns: this.columns }
  }

  describe(index: number): { operation: EntryOperation; target: EntryTarget } {
    const { set, action, shownAs = set } = this.target
    return { operation: operations[action], target: { set: shownAs, entry: this.columns.format(index) } }
  }

  explain(index: number, code: number, text: string): DirectorError {
    const { operation, target } = this.describe(index)
    return explainChange(operation, target, code, text)
  }

  failure(error: unknown): unknown {
    return explainSets('commit')(error)
  }
}
