/** The books of one commit: which operations took effect, which failed, which were taken back. */
import type { CommitReport, FailedOperation, OperationOutcome } from './commit-report.js'
import { DirectorError } from './errors.js'
import type { NativeOutcome, NativeRunReport } from './native.js'
import { Refusals, Refused } from './refused.js'
import type { BatchRun } from './run.js'
import type { Steps } from './turns.js'

export class Ledger {
  readonly failed: FailedOperation[] = []
  readonly undoFailed: FailedOperation[] = []
  private readonly firsts: number[] = []
  private readonly outcomes: Uint8Array
  /** Operations of each outcome. */
  private readonly counts: [number, number, number, number]
  private static readonly names: readonly OperationOutcome[] = [
    'not-attempted',
    'applied',
    'failed',
    'rolled-back',
  ]

  constructor(private readonly runs: readonly BatchRun[]) {
    let size = 0
    for (const run of runs) {
      this.firsts.push(size)
      size += run.size
    }
    this.outcomes = new Uint8Array(size)
    this.counts = [size, 0, 0, 0]
  }

  /** Pauses from error to error: a batch refused as a whole must not hold the event loop. */
  *enter(outcome: NativeOutcome): Steps {
    for (const [index, report] of outcome.runs.entries()) yield* this.enterRun(index, report)
    if (outcome.failure !== undefined) this.enterFailure(outcome)
  }

  private *enterRun(position: number, report: NativeRunReport): Steps {
    const run = this.runs[position] as BatchRun
    const first = this.firsts[position] as number
    this.outcomes.fill(APPLIED, first, first + report.attempted)
    this.counts[NOT_ATTEMPTED] -= report.attempted
    this.counts[APPLIED] += report.attempted
    const refusals = new Refusals(run, first, report)
    let ordered = true
    let last = 0
    for (let refusal = 0; refusal < refusals.size; refusal++) {
      yield
      const failed = new Refused(refusals, refusal)
      this.change(failed.index, FAILED)
      this.failed.push(failed)
      ordered &&= failed.index >= last
      last = failed.index
    }
    // They mostly come in order, and sorting makes no pause.
    if (!ordered) this.failed.sort((a, b) => a.index - b.index)
  }

  // Something other than a refusal ended a run. Where nothing took effect that is the whole commit's failure.
  private enterFailure(outcome: NativeOutcome): void {
    const position = outcome.runs.length - 1
    const run = this.runs[position] as BatchRun
    const error = run.failure(outcome.failure)
    if (this.counts[APPLIED] === 0 || !(error instanceof DirectorError)) throw error
    const index = Math.min(outcome.runs[position]?.attempted ?? 0, run.size - 1)
    this.failed.push({ index: (this.firsts[position] as number) + index, ...run.describe(index), error })
  }

  /** Each operation that took effect, in order. */
  *applied(): Generator<{ run: BatchRun; local: number; index: number }> {
    for (const [position, run] of this.runs.entries()) {
      const first = this.firsts[position] as number
      for (let local = 0; local < run.size; local++) {
        if (this.outcomes[first + local] === APPLIED) yield { run, local, index: first + local }
      }
    }
  }

  describe(index: number): { operation: string; target: unknown } {
    const position = this.firsts.findLastIndex((first) => first <= index)
    return (this.runs[position] as BatchRun).describe(index - (this.firsts[position] as number))
  }

  takenBack(index: number): void {
    this.change(index, ROLLED_BACK)
  }

  private change(index: number, outcome: Outcome): void {
    this.counts[this.outcomes[index] as Outcome]--
    this.counts[outcome]++
    this.outcomes[index] = outcome
  }

  report(elapsedMs: number): CommitReport {
    const { outcomes, failed, undoFailed } = this
    const [notAttempted, applied, , rolledBack] = this.counts
    const outcome = (index: number) => Ledger.names[outcomes[index] ?? 0] as OperationOutcome
    return { applied, failed, rolledBack, notAttempted, undoFailed, elapsedMs, outcome }
  }
}

const NOT_ATTEMPTED = 0
const APPLIED = 1
const FAILED = 2
const ROLLED_BACK = 3
type Outcome = typeof NOT_ATTEMPTED | typeof APPLIED | typeof FAILED | typeof ROLLED_BACK
