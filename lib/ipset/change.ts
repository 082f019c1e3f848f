/** Adding and removing entries in bulk: packed slice by slice, while the kernel works on the slices before. */
import { Batch, entryOptions } from '../batch.js'
import type { CommitOptions, CommitReport } from '../commit.js'
import type { DirectorError } from '../errors.js'
import { areColumns, nativeColumns } from './columns.js'
import { InvalidEntryError, SetEntryError } from './explain.js'
import { mergeReports } from './merge-reports.js'
import { packed, sendAhead } from './pack.js'
import type { Target } from './packed-text.js'
import { ColumnRun } from './run.js'
import type { Entries } from './types.js'

export interface ChangeOptions extends CommitOptions {
  /**
   * An entry that is there already (to remove: is not there): an error of that entry, or nothing to speak of. With
   * `'ignore'` an entry that is there gets the extensions (timeout …) of the new one.
   * @default 'error'
   */
  readonly exist?: 'error' | 'ignore'
  /** Take `'http'` for a port, by this machine's /etc/services. @default false */
  readonly serviceNames?: boolean
}

export type Commit = (batch: Batch, options: CommitOptions) => Promise<CommitReport>

export function targetOf(set: string, action: Target['action'], options: ChangeOptions): Target {
  return { set, action, ...entryOptions(options) }
}

/** Commits a change for each entry. Resolves also when some were refused: the caller looks at `failed`. */
export async function changeEntries(
  commit: Commit,
  target: Target,
  entries: Entries,
  options: CommitOptions,
): Promise<CommitReport> {
  if (areColumns(entries)) {
    return commit(Batch.of(new ColumnRun(target, nativeColumns(entries))), options)
  }
  // What is rolled back is one batch.
  if (options.onError === 'rollback') return commit(Batch.of(await packed(target, entries)), options)
  const reports: CommitReport[] = []
  for await (const report of sendAhead(target, entries, (run) => commit(Batch.of(run), options))) {
    reports.push(report)
    if (stopped(report, options)) break
  }
  return mergeReports(reports, Array.isArray(entries) ? entries.length : 0)
}

function stopped({ failed }: CommitReport, { onError = 'stop' }: CommitOptions): boolean {
  return onError !== 'continue' && failed.length > 0
}

/** Rejects with the error of the first refused entry, unless the caller asked to go on. */
export function settle(report: CommitReport, options: CommitOptions): CommitReport {
  const [first] = report.failed
  if (first === undefined || options.onError === 'continue') return report
  throw withReport(first.error, first.index, report)
}

function withReport(error: DirectorError, index: number, report: CommitReport): DirectorError {
  if (error instanceof SetEntryError || error instanceof InvalidEntryError) {
    error.index = index
    // Not enumerable: printed errors stay short.
    Object.defineProperty(error, 'report', { value: report, configurable: true })
  }
  return error
}
