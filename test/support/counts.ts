/** What a run of tests came to, and the line of output that carries it from one process to another. */

/** A test that did not pass, with the reason in a few words. */
export interface Outcome {
  name: string
  reason: string
}

export interface Counts {
  passed: number
  failed: Outcome[]
  skipped: Outcome[]
}

const marker = '@@test-counts '

export function formatCounts(counts: Counts): string {
  return marker + JSON.stringify(counts)
}

/** The counts that a line of output carries; `undefined` for any other line. */
export function parseCounts(line: string): Counts | undefined {
  return line.startsWith(marker) ? (JSON.parse(line.slice(marker.length)) as Counts) : undefined
}

export function addCounts(left: Counts, right: Counts): Counts {
  return {
    passed: left.passed + right.passed,
    failed: [...left.failed, ...right.failed],
    skipped: [...left.skipped, ...right.skipped],
  }
}

export function noCounts(): Counts {
  return { passed: 0, failed: [], skipped: [] }
}
