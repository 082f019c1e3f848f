/** What `npm test` consists of, in the order in which it runs: the quick and the telling first. */
import { sanitizedNodeTest } from './sanitized.js'
import { type Stage, check, counted, nodeTests } from './stage.js'

function npm(script: string, ...args: readonly string[]): string[] {
  return ['npm', 'run', '--silent', script, '--', ...args]
}

/** All tests of dist/test/lab in one boot of a guest kernel. */
function lab(kernel: 'default' | 'better'): string[] {
  return [process.execPath, 'dist/test/lab-runner.js', '--kernel', kernel]
}

export const stages: readonly Stage[] = [
  check('format', npm('format:check')),
  check('lint', npm('lint')),
  check('types', npm('build:ts')),
  check('bpf', npm('build:bpf', '--check')),
  check('build', ['scripts/refresh-prebuild.mjs'], npm('build:native')),
  nodeTests('unit', 'dist/test/unit'),
  nodeTests('kernel', 'dist/test/kernel'),
  nodeTests('worker', 'dist/test/worker'),
  counted('native', npm('build:sanitized'), ['.cache/sanitized/native_tests']),
  // With the addon that `native` has built.
  nodeTests('sanitized', ['dist/test/kernel', 'dist/test/worker'], sanitizedNodeTest),
  check('typings', npm('check:types')),
  nodeTests('package', 'dist/test/package'),
  nodeTests('lab-host', 'dist/test/lab-host'),
  counted('lab', lab('default')),
  counted('lab-better', lab('better')),
  check('fuzz', npm('fuzz', '--seconds', '10')),
  check('docs', npm('docs', '--emit', 'none')),
]
