import { Batch } from '../batch.js'
import type { CommitOptions, CommitReport } from '../commit.js'
import { DirectorError, InvalidArgumentError } from '../errors.js'
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

/** Every line is read and checked before the first one is sent. */
export async function restore(
  text: string,
  ipvs: Ipvs,
  commit: (batch: Batch, options: CommitOptions) => Promise<CommitReport>,
  { onError = 'continue', signal }: RestoreOptions,
): Promise<RestoreReport> {
  const failed: FailedLine[] = []
  let applied = 0
  for (const stretch of stretches(parseRestore(text))) {
    const before = failed.length
    if ('batch' in stretch) {
      const report = await commit(stretch.batch, { onError, signal })
      applied += report.applied
      failed.push(
        ...report.failed.flatMap(({ index, error }) => failedLine(stretch.operations[index], error)),
      )
    } else {
      const refusal = await attempt(ipvs, stretch.alone)
      failed.push(...failedLine(refusal && stretch.alone, refusal))
      if (refusal === undefined) applied++
    }
    if (onError === 'stop' && failed.length > before) break
  }
  return { applied, failed }
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
