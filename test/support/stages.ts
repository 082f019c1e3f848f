/** What `npm test` consists of, in the order in which it runs: the quick and the telling first. */
import { type Stage, check, nodeTests } from './stage.js'

function npm(script: string): string[] {
  return ['npm', 'run', '--silent', script]
}

export const stages: readonly Stage[] = [
  check('format', npm('format:check')),
  check('lint', npm('lint')),
  check('types', npm('build:ts')),
  nodeTests('unit', 'dist/test/unit'),
]
