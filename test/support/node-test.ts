/** How this project runs compiled test files: node:test with a reporter for people and one that counts. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const reporters = [
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
  `--test-reporter=${join(__dirname, 'count-reporter.js')}`,
  '--test-reporter-destination=stdout',
]

/** Ample for the slowest file on two busy cores, in a guest too; one that hangs is named, and the others go on. */
const fileLimitSeconds = 15 * 60

/** Arguments for `node` that run these files, one process each, one after the other. */
export function nodeTestArguments(files: readonly string[], limitSeconds = fileLimitSeconds): string[] {
  const limit = `--test-timeout=${limitSeconds * 1000}`
  return [
    '--enable-source-maps',
    '--expose-gc',
    '--test',
    '--test-concurrency=1',
    limit,
    ...reporters,
    ...files,
  ]
}

/** Arguments for `node` that run these files in one process, one after the other. */
export function joinedTestArguments(files: readonly string[], limitSeconds = fileLimitSeconds): string[] {
  const joined = join(__dirname, 'joined.js')
  return ['--enable-source-maps', '--expose-gc', ...reporters, joined, String(limitSeconds), ...files]
}

/** Every test file below a folder of the compiled tests, sorted. */
export function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(folder, name))
    .sort()
}
