import { Batch } from '../batch.js'
import { CommitAbortError, type CommitOptions, type CommitReport } from '../commit-report.js'
import { checkChoice, checkKeys, checkSignal } from '../check.js'
import { AbortError, DirectorError, InvalidArgumentError } from '../errors.js'
import type { Ipvs } from './client.js'
import { appendTo, applyAlone, type BatchedOperation, isBatched } from './ipvsadm/apply.js'
import type { Operation } from './ipvsadm/command.js'
import { RestoreLineError } from './ipvsadm/errors.js'
import { parseRestore, type RestoreOperation } from './save-format.js'

export interface RestoreOptions {
  /** What a line that the kernel refuses does to the lines after it. ipvsadm goes on. @default 'continue' */
  readonly onError?: 'stop' | 'continue'
  /** Stops between datagrams: see {@link CommitOptions.signal}. */
  readonly signal?: AbortSignal
}

export interface RestoreReport {
  /** Lines that took effect. */
  readonly applied: number
  /** Those refused by the kernel, in order. */
  readonly failed: readonly FailedLine[]
}

export interface FailedLine {
  /** From 1. */
  readonly line: number
  readonly operation: Operation['operation']
  readonly error: DirectorError
}

/** Lines that go to the kernel together, or one that goes alone. */
type Stretch =
  | { readonly batch: Batch; readonly operations: readonly RestoreOperation[] }
  | { readonly alone: Exclude<RestoreOperation, BatchedOperation> }

/** A restore that was aborted. `report` says what had taken effect by then. */
export class RestoreAbortError extends AbortError {
  constructor(
    readonly report: RestoreReport,
    reason: unknown,
  ) {
    super('restore', reason)
  }
}

/** Every line is read and checked before the first one is sent. */
export async function restore(
  text: string,
  ipvs: Ipvs,
  commit: (batch: Batch, options: CommitOptions) => Promise<CommitReport>,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { onError, signal } = checkRestore(text, options)
  const total: Total = { applied: 0, failed: [] }
  for (const stretch of stretches(parseRestore(text))) {
    if (signal?.aborted === true) throw new RestoreAbortError(total, signal.reason)
    const before = total.failed.length
    if ('alone' in stretch) {
      const refusal = await attempt(ipvs, stretch.alone)
      total.failed.push(...failedLine(refusal && stretch.alone, refusal))
      if (refusal === undefined) total.applied++
    } else {
      await commit(stretch.batch, { onError, signal }).then(
        (report) => enter(total, report, stretch.operations),
        (error: unknown) => {
          if (!(error instanceof CommitAbortError)) throw error
          enter(total, error.report, stretch.operations)
          throw new RestoreAbortError(total, error.cause)
        },
      )
    }
    if (onError === 'stop' && total.failed.length > before) break
  }
  return total
}

interface Total {
  applied: number
  readonly failed: FailedLine[]
}

function checkRestore(text: unknown, options: RestoreOptions) {
  if (typeof text !== 'string') throw new InvalidArgumentError('text', text, 'a string')
  checkKeys(options, 'options', ['onError', 'signal'])
  const { onError = 'continue', signal } = options
  checkChoice(onError, 'options.onError', ['stop', 'continue'])
  return { onError, signal: checkSignal(signal, 'options.signal') }
}

function enter(total: Total, report: CommitReport, operations: readonly RestoreOperation[]): void {
  total.applied += report.applied
  for (const { index, error } of report.failed) total.failed.push(...failedLine(operations[index], error))
}

function stretches(operations: readonly RestoreOperation[]): Stretch[] {
  const all: Stretch[] = []
  let gathered: { batch: Batch; operations: RestoreOperation[] } | undefined
  for (const operation of operations) {
    if (!isBatched(operation)) {
      gathered = undefined
      all.push({ alone: operation })
      continue
    }
    if (gathered === undefined) all.push((gathered = { batch: new Batch(), operations: [] }))
    append(gathered.batch, operation)
    gathered.operations.push(operation)
  }
  return all
}

function append(batch: Batch, operation: BatchedOperation & RestoreOperation): void {
  try {
    appendTo(batch, operation)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new RestoreLineError(operation.line, operation.text, error.message, error)
  }
}

/** The kernel's refusal is a value; whatever else goes wrong is not. */
async function attempt(
  ipvs: Ipvs,
  operation: Exclude<Operation, BatchedOperation>,
): Promise<DirectorError | undefined> {
  try {
    await applyAlone(ipvs, operation)
    return undefined
  } catch (error) {
    if (error instanceof DirectorError && error.errno !== undefined) return error
    throw error
  }
}

function failedLine(operation: RestoreOperation | undefined, error: DirectorError | undefined): FailedLine[] {
  return operation && error ? [{ line: operation.line, operation: operation.operation, error }] : []
}
