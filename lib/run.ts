/** What a subsystem brings along to take part in batches. lib/ipvs, lib/ipset and lib/link each have one. */
import type { Batch } from './batch.js'
import type { DirectorError } from './errors.js'
import type { NativeRun } from './native.js'
import type { Steps } from './turns.js'

/** A stretch of consecutive operations of one subsystem within a batch. */
export interface BatchRun {
  readonly table: string
  readonly size: number
  /** What native/binding/commit_binding.cc takes. Called once for each commit. */
  native(): NativeRun
  /** The operation in the words of the API, and what it was to be done to. `index` counts within the run. */
  describe(index: number): { readonly operation: string; readonly target: unknown }
  /** The error for a refusal. `code` is a positive errno or a kernel error number. */
  explain(index: number, code: number, text: string): DirectorError
  /** The error for what kept the run as a whole from being sent (the kernel lacks the subsystem …). */
  failure(error: unknown): unknown
}

/** Appends what takes one operation back; in steps, where that is much. */
export type Inverse = (undo: Batch) => Steps | void

/** Knows how to take a subsystem's operations back. */
export interface UndoLog {
  /** Reads from the kernel what the runs are about to change. Before anything is sent. */
  capture(runs: readonly BatchRun[]): Promise<void>
  /** Reads what has become of it. Before the first inverse. */
  compare?(): Promise<void>
  /** Called for each operation that took effect, in order: what would take it back from the state at that point. */
  inverse(run: BatchRun, index: number): Inverse
  /** After the last inverse: what takes back what refused operations have left behind. */
  rest?(): Inverse[]
}

/** Makes undo logs, by the table that they are for. */
export type UndoLogs = Readonly<Record<string, () => UndoLog>>
