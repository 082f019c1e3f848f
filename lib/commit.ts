/** Sends a batch and says exactly what became of each operation. */
import { Batch } from './batch.js'
import { checkKeys } from './check.js'
import { AbortError, DirectorError, InvalidArgumentError } from './errors.js'
import { native, type KernelHandle, type NativeOutcome, type NativeRunReport } from './native.js'
import { littleEndian } from './record.js'
import type { BatchRun, Inverse, UndoLog, UndoLogs } from './run.js'
import { inTurns, paced, type Steps } from './turns.js'

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

export async function commit(
  handle: KernelHandle,
  batch: Batch,
  options: CommitOptions,
  undoLogs: UndoLogs,
): Promise<CommitReport> {
  checkKeys(options, 'options', ['onError', 'signal'])
  const { onError = 'stop', signal } = options
  if (!['stop', 'continue', 'rollback'].includes(onError)) {
    throw new InvalidArgumentError('onError', onError, `'stop', 'continue' or 'rollback'`)
  }
  if (signal?.aborted === true) throw new AbortError('commit', signal.reason)
  const started = performance.now()
  const ledger = new Ledger(batch.runs)
  const logs = onError === 'rollback' ? await captureAll(batch.runs, undoLogs) : undefined

  const outcome = await send(handle, batch.runs, onError !== 'continue', signal)
  await inTurns(ledger.enter(outcome))
  const troubled = outcome.end !== 'finished' || ledger.failed.length > 0
  if (logs !== undefined && troubled) await rollBack(handle, ledger, logs)

  const report = ledger.report(performance.now() - started)
  if (outcome.end === 'aborted') throw new CommitAbortError(report, signal?.reason)
  return report
}

async function captureAll(runs: readonly BatchRun[], undoLogs: UndoLogs): Promise<Map<string, UndoLog>> {
  const logs = new Map<string, UndoLog>()
  for (const { table } of runs) {
    const make = undoLogs[table]
    if (make !== undefined && !logs.has(table)) logs.set(table, make())
  }
  for (const [table, log] of logs) await log.capture(runs.filter((run) => run.table === table))
  return logs
}

/** The native commit, with the signal wired to a byte that the sending thread looks at between datagrams. */
async function send(
  handle: KernelHandle,
  runs: readonly BatchRun[],
  stopOnRefusal: boolean,
  signal?: AbortSignal,
): Promise<NativeOutcome> {
  if (runs.length === 0) return { end: 'finished', runs: [] }
  const aborted = signal && new Uint8Array(1)
  const onAbort = () => aborted?.fill(1)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const nativeRuns = runs.map((run) => run.native())
    return await native().commit(handle, nativeRuns, { stopOnRefusal, aborted })
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

const REFUSAL_BYTES = 12

/** Keeps the books of one commit: which operations took effect, which failed, which were taken back. */
class Ledger {
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
    const refused = new DataView(report.refused)
    for (let row = 0; row < refused.byteLength; row += REFUSAL_BYTES) {
      yield
      const index = refused.getUint32(row, littleEndian)
      const code = refused.getInt32(row + 4, littleEndian)
      const text = report.texts[refused.getUint32(row + 8, littleEndian) - 1] ?? ''
      this.change(first + index, FAILED)
      this.failed.push({
        index: first + index,
        ...run.describe(index),
        error: run.explain(index, code, text),
      })
    }
    this.failed.sort((a, b) => a.index - b.index)
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

interface Undo {
  readonly batch: Batch
  /** For each operation of the batch, the operation that it takes back. */
  readonly owners: readonly number[]
  /** The operations that it takes back. */
  readonly indices: readonly number[]
}

async function rollBack(
  handle: KernelHandle,
  ledger: Ledger,
  logs: ReadonlyMap<string, UndoLog>,
): Promise<void> {
  for (const log of logs.values()) await log.compare?.()
  const undo = await inTurns(undoOf(ledger, logs))
  const report = await commitPlainly(handle, undo.batch)
  const broken = new Map<number, FailedOperation>()
  for (const failure of report.failed) {
    const index = undo.owners[failure.index] as number
    broken.set(index, { index, ...ledger.describe(index), error: failure.error })
  }
  const takeBack = (index: number) => {
    if (!broken.has(index)) ledger.takenBack(index)
  }
  await inTurns(paced(undo.indices, takeBack))
  ledger.undoFailed.push(...broken.values())
}

/** Replays what took effect to learn each operation's inverse; the inverses go into a batch from last to first. */
function* undoOf(ledger: Ledger, logs: ReadonlyMap<string, UndoLog>): Steps<Undo> {
  const inverses: { index: number; inverse: Inverse }[] = []
  for (const { run, local, index } of ledger.applied()) {
    yield
    const log = logs.get(run.table)
    if (log !== undefined) inverses.push({ index, inverse: log.inverse(run, local) })
  }
  const batch = new Batch()
  const owners: number[] = []
  const indices: number[] = []
  const own = (index: number) => {
    while (owners.length < batch.size) owners.push(index)
  }
  const append = function* (index: number, inverse: Inverse): Steps {
    for (const step of inverse(batch) ?? []) {
      own(index)
      yield step
    }
    own(index)
  }
  const refused = ledger.failed[0]?.index ?? 0
  for (const log of logs.values()) for (const inverse of log.rest?.() ?? []) yield* append(refused, inverse)
  for (const { index, inverse } of inverses.reverse()) {
    yield
    yield* append(index, inverse)
    indices.push(index)
  }
  return { batch, owners, indices }
}

async function commitPlainly(handle: KernelHandle, batch: Batch): Promise<CommitReport> {
  return commit(handle, batch, { onError: 'continue' }, {})
}
