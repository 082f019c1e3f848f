/** Several commits, one after the other, reported as one. */
import type { CommitReport, FailedOperation } from '../commit.js'

/** Of `size` operations, where that is known: those behind the last commit were not attempted. */
export function mergeReports(reports: readonly CommitReport[], size = 0): CommitReport {
  const [only] = reports
  if (only !== undefined && reports.length === 1 && sizeOf(only) >= size) return only
  const firsts: number[] = []
  const failed: FailedOperation[] = []
  const undoFailed: FailedOperation[] = []
  const total = { applied: 0, rolledBack: 0, notAttempted: 0, elapsedMs: 0 }
  let first = 0
  for (const report of reports) {
    firsts.push(first)
    const shifted = (failure: FailedOperation) => ({ ...failure, index: failure.index + first })
    for (const failure of report.failed) failed.push(shifted(failure))
    for (const failure of report.undoFailed) undoFailed.push(shifted(failure))
    total.applied += report.applied
    total.rolledBack += report.rolledBack
    total.notAttempted += report.notAttempted
    total.elapsedMs += report.elapsedMs
    first += sizeOf(report)
  }
  total.notAttempted += Math.max(0, size - first)
  const outcome = (index: number) => {
    const position = firsts.findLastIndex((start) => start <= index)
    if (index >= first) return 'not-attempted'
    return reports[position]?.outcome(index - (firsts[position] ?? 0)) ?? 'not-attempted'
  }
  return { ...total, failed, undoFailed, outcome }
}

function sizeOf({ applied, failed, rolledBack, notAttempted }: CommitReport): number {
  return applied + failed.length + rolledBack + notAttempted
}
