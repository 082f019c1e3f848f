/** What a commit is told, and what it tells. */
import { AbortError, type DirectorError } from './errors.js'

export interface CommitOptions {
  /**
   * What a refused operation does to the rest. `'stop'`: nothing is sent beyond the datagram in flight. `'continue'`:
   * everything is sent. `'rollback'`: as stop, then what took effect is taken back in reverse order.
   * @default 'stop'
   */
  readonly onError?: 'stop' | 'continue' | 'rollback'
  /** Stops between datagrams; the promise rejects with an AbortError whose `report` says what took effect. */
  readonly signal?: AbortSignal | undefined
}

export interface FailedOperation {
  /** Position in the batch. */
  readonly index: number
  /** `'addService'`, `'removeEntry'` … */
  readonly operation: string
  /** What it was to be done to. */
  readonly target: unknown
  readonly error: DirectorError
}

export type OperationOutcome = 'applied' | 'failed' | 'not-attempted' | 'rolled-back'

export interface CommitReport {
  /** Operations that are in effect now. */
  readonly applied: number
  /** Those refused, in order. */
  readonly failed: readonly FailedOperation[]
  /** Operations that were taken back. 0 unless `onError: 'rollback'` met a refusal. */
  readonly rolledBack: number
  /** Operations that were never sent. */
  readonly notAttempted: number
  /** What could not be taken back: positions in the batch, with the reason. */
  readonly undoFailed: readonly FailedOperation[]
  /** Wall time, milliseconds. */
  readonly elapsedMs: number
  /** What became of one operation. */
  outcome(index: number): OperationOutcome
}

/** A commit that was aborted. `report` says what had taken effect by then. */
export class CommitAbortError extends AbortError {
  constructor(
    readonly report: CommitReport,
    reason: unknown,
  ) {
    super('commit', reason)
  }
}
