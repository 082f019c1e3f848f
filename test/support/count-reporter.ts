/**
 * A node:test reporter that prints lines of JSON: how many tests passed, which failed, which were skipped and why, since the
 * line before. One comes with each failure, so that it is known also of a run that never ends, and one at the end. It runs
 * beside a reporter for people, also inside a guest, where standard output is all that comes back.
 */
import type { EventData } from 'node:test'
import { type Counts, formatCounts, noCounts } from './counts.js'

type TestEvent =
  | { type: 'test:pass'; data: EventData.TestPass }
  | { type: 'test:fail'; data: EventData.TestFail }
  | { type: 'test:diagnostic'; data: EventData.TestDiagnostic }

const mostLines = 12
const noTest = 'the file has no test'

async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let counts = noCounts()
  // What was told since the last suite of all ended: a suite that tells nothing has no test.
  let inSuite = 0
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.nesting === 0 && data.details.type === 'suite') {
      if (inSuite === 0 && type === 'test:pass') counts.failed.push({ name: data.name, reason: noTest })
      inSuite = 0
    } else inSuite += 1
    if (type === 'test:pass') countPass(counts, data)
    else countFailure(counts, data)
    if (counts.failed.length === 0) continue
    yield `\n${formatCounts(counts)}\n`
    counts = noCounts()
  }
  yield `\n${formatCounts(counts)}\n`
}
// node:test takes the module itself for the reporter.
export = countReporter

function countPass(counts: Counts, test: EventData.TestPass): void {
  const { name } = test
  const notRun = test.skip ?? test.todo
  // A file that registers no test is reported as a test of the file's own name: it proves nothing.
  if (name === test.file) counts.failed.push({ name, reason: noTest })
  else if (typeof notRun === 'string') counts.skipped.push({ name, reason: notRun })
  else if (notRun !== undefined) counts.failed.push({ name, reason: 'skipped without a reason' })
  else if (test.details.type !== 'suite') counts.passed += 1
}

function countFailure(counts: Counts, test: EventData.TestFail): void {
  const error = test.details.error as Error & { failureType?: string }
  // What failed below a parent has been counted where it happened.
  if (error.failureType === 'subtestsFailed') return
  counts.failed.push({ name: test.name, reason: opening(error.cause ?? error) })
}

/** Enough to tell what was expected, and what came, where nothing but the last lines of a run is at hand. */
function opening(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().split('\n').slice(0, mostLines).join('\n    ')
}
