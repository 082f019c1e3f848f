/** Several commits, one after the other, reported as one. */
import type { CommitReport, FailedOperation } from '../commit.js'

/** `notSent` operations were packed behind them, and never committed. */
export function mergeReports(reports: readonly CommitReport[], notSent = 0): CommitReport {
  const [only] = reports
  if (only !== undefined && reports.length === 1 && notSent === 0) return only
  const firsts: number[] = []
  const failed: FailedOperation[] = []
  const undoFailed: FailedOperation[] = []
  const total = { applied: 0, rolledBack: 0, notAttempted: notSent, elapsedMs: 0 }
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
    first += report.applied + report.failed.length + report.rolledBack + report.notAttempted
  }
  const outcome = (index: number) => {
    const position = firsts.findLastIndex((start) => start <= index)
    if (index >= first) return 'not-attempted'
    return reports[position]?.outcome(index - (firsts[position] ?? 0)) ?? 'not-attempted'
  }
  return { ...total, failed, undoFailed, outcome }
}
