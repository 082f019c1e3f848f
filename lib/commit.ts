/** Sends a batch and says exactly what became of each operation. */
import { Batch } from './batch.js'
import { checkChoice, checkSignal } from './check.js'
import { CommitAbortError, type CommitOptions, type CommitReport } from './commit-report.js'
import { InvalidArgumentError } from './errors.js'
import { Ledger } from './ledger.js'
import { native, type KernelHandle, type NativeOutcome } from './native.js'
import { undoOf } from './rollback.js'
import type { BatchRun, UndoLog, UndoLogs } from './run.js'
import { inTurns, paced } from './turns.js'

export * from './commit-report.js'

export async function commit(
  handle: KernelHandle,
  batch: Batch,
  options: CommitOptions,
  undoLogs: UndoLogs,
): Promise<CommitReport> {
  const { onError, signal } = checkCommit(batch, options)
  const started = performance.now()
  const ledger = new Ledger(batch.runs)
  const stopAtOnce = () => {
    if (signal?.aborted === true)
      throw new CommitAbortError(ledger.report(performance.now() - started), signal.reason)
  }
  stopAtOnce()
  const logs = onError === 'rollback' ? await captureAll(batch.runs, undoLogs) : undefined
  // Reading what is there takes time, and a signal that has fired tells no listener.
  stopAtOnce()

  const outcome = await send(handle, batch.runs, onError !== 'continue', signal)
  await inTurns(ledger.enter(outcome))
  const troubled = outcome.end !== 'finished' || ledger.failed.length > 0
  if (logs !== undefined && troubled) await rollBack(handle, ledger, logs)

  const report = ledger.report(performance.now() - started)
  if (outcome.end === 'aborted') throw new CommitAbortError(report, signal?.reason)
  return report
}

function checkCommit(batch: unknown, options: CommitOptions) {
  if (!(batch instanceof Batch)) throw new InvalidArgumentError('batch', batch, 'a Batch')
  const { onError = 'stop', signal } = options
  checkChoice(onError, 'options.onError', ['stop', 'continue', 'rollback'])
  return { onError, signal: checkSignal(signal, 'options.signal') }
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

async function rollBack(
  handle: KernelHandle,
  ledger: Ledger,
  logs: ReadonlyMap<string, UndoLog>,
): Promise<void> {
  for (const log of logs.values()) await log.compare?.()
  const undo = await inTurns(undoOf(ledger, logs))
  const report = await commit(handle, undo.batch, { onError: 'continue' }, {})
  const broken = undo.refused
  for (const failure of report.failed) {
    const index = undo.owners[failure.index] as number
    broken.set(index, failure.error)
  }
  const takeBack = (index: number) => {
    if (!broken.has(index)) ledger.takenBack(index)
  }
  await inTurns(paced(undo.indices, takeBack))
  for (const [index, error] of broken) ledger.undoFailed.push({ index, ...ledger.describe(index), error })
}
