/** What `npm test` consists of, in the order in which it runs: the quick and the telling first. */
import { type Stage, check, counted, nodeTests } from './stage.js'

function npm(script: string, ...args: readonly string[]): string[] {
  return ['npm', 'run', '--silent', script, '--', ...args]
}

export const stages: readonly Stage[] = [
  check('format', npm('format:check')),
  check('lint', npm('lint')),
  check('types', npm('build:ts')),
  check('build', ['scripts/refresh-prebuild.mjs'], npm('build:native')),
  nodeTests('unit', 'dist/test/unit'),
  nodeTests('kernel', 'dist/test/kernel'),
  counted('native', npm('build:sanitized'), ['.cache/sanitized/native_tests']),
  nodeTests('package', 'dist/test/package'),
  check('typings', npm('check:types')),
  check('docs', npm('docs', '--emit', 'none')),
  check('fuzz', npm('fuzz', '--seconds', '10')),
]
