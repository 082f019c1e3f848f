/** Sends rows of writes, many a datagram. */
import type { NetlinkError } from '../errors.js'
import { native, type KernelHandle, type NativeRun } from '../native.js'
import { littleEndian } from '../record.js'
import { explainWrite } from './explain.js'

export interface FlowWriteReport {
  /** Operations that took effect. */
  readonly applied: number
  /** Those refused: position, and why. */
  readonly failed: readonly { readonly index: number; readonly error: NetlinkError }[]
}

interface ConntrackNativeRun extends NativeRun {
  readonly rows: readonly Uint8Array[]
}

const REFUSAL_BYTES = 12

export async function writeRows(
  handle: KernelHandle,
  operation: 'create' | 'update',
  rows: readonly Uint8Array[],
): Promise<FlowWriteReport> {
  const run: ConntrackNativeRun = { table: 'conntrack', rows: [Buffer.concat(rows)] }
  const outcome = await native().commit(handle, [run], { stopOnRefusal: false, aborted: undefined })
  if (outcome.failure !== undefined) throw outcome.failure as Error
  const report = outcome.runs[0]
  if (report === undefined) return { applied: 0, failed: [] }
  const refused = new DataView(report.refused)
  const failed = Array.from({ length: refused.byteLength / REFUSAL_BYTES }, (_, position) => {
    const row = position * REFUSAL_BYTES
    const text = refused.getUint32(row + 8, littleEndian)
    return {
      index: refused.getUint32(row, littleEndian),
      error: explainWrite(
        operation,
        refused.getInt32(row + 4, littleEndian),
        text === 0 ? '' : (report.texts[text - 1] ?? ''),
      ),
    }
  })
  return { applied: report.attempted - failed.length, failed }
}
