import { Batch } from '../../batch.js'
import { InvalidArgumentError } from '../../errors.js'
import { appendTo, applyAlone, type BatchedOperation, isBatched } from '../../ipvs/ipvsadm/apply.js'
import type { Operation } from '../../ipvs/ipvsadm/command.js'
import { exitCodes, type Session } from './context.js'
import { kernelErrno, messageOf } from './kernel-messages.js'
import { loneRefusalErrno, refusalErrno } from './refusal.js'

/** Carries out one operation; what the kernel says against it is printed. */
export async function perform(operation: Operation, session: Session): Promise<number> {
  if (isBatched(operation)) return performBatched([operation], session)
  try {
    await applyAlone(session.kernel.ipvs, operation)
    return exitCodes.done
  } catch (error) {
    const errno = error instanceof InvalidArgumentError ? loneRefusalErrno(error) : kernelErrno(error)
    if (errno === undefined) throw error
    return report(operation, errno, session)
  }
}

/**
 * Carries out many operations in one go, those after a refused one as well. Errors are printed in the order of the
 * operations; the exit code is the last one's.
 */
export async function performBatched(
  operations: readonly BatchedOperation[],
  session: Session,
): Promise<number> {
  let code: number = exitCodes.done
  for (let next = 0; next < operations.length;) {
    const { batch, invalid } = fill(operations.slice(next))
    const sent = operations.slice(next, next + batch.size)
    code = await commit(batch, sent, session)
    next += batch.size
    const refused = operations[next]
    if (invalid !== undefined && refused !== undefined) {
      code = report(refused, await refusalErrno(refused, invalid, session.kernel), session)
      next++
    }
  }
  return code
}

/** As many operations as are valid; the error of the one that is not. */
function fill(operations: readonly BatchedOperation[]): { batch: Batch; invalid?: InvalidArgumentError } {
  const batch = new Batch()
  try {
    for (const operation of operations) appendTo(batch, operation)
    return { batch }
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    return { batch, invalid: error }
  }
}

async function commit(
  batch: Batch,
  operations: readonly BatchedOperation[],
  session: Session,
): Promise<number> {
  if (batch.size === 0) return exitCodes.done
  const { failed } = await session.kernel.commit(batch, { onError: 'continue' })
  for (const { index, error } of failed) {
    const operation = operations[index]
    const errno = kernelErrno(error)
    if (operation === undefined || errno === undefined) throw error
    report(operation, errno, session)
  }
  return failed.at(-1)?.index === operations.length - 1 ? exitCodes.failed : exitCodes.done
}

function report({ operation }: Operation, errno: string, { stderr }: Session): number {
  stderr.write(`${messageOf(operation, errno)}\n`)
  return exitCodes.failed
}
