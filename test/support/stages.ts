/** What `npm test` consists of: the quick and the telling first. */
import { sanitizedNodeTests } from './sanitized.js'
import { type Stage, check, counted, nodeTests } from './stage.js'

function npm(script: string, ...args: readonly string[]): string[] {
  return ['npm', 'run', '--silent', script, '--', ...args]
}

/** All tests of dist/test/lab in one boot of a guest kernel. */
function lab(kernel: 'default' | 'better'): string[] {
  return [process.execPath, 'dist/test/lab-runner.js', '--kernel', kernel]
}

/** Those left out start other programs most of the time, or ask the addon for what other tests ask it for as well. */
const ofOtherPrograms =
  /-bench\.test\.js$|\/iptables\/|\/(capabilities|ipset-cli|sets-leftovers|recording|topology|director-[a-z-]+)\.test\.js$/

function isOfTheAddon(file: string): boolean {
  return !ofOtherPrograms.test(file)
}

/** What reads the sources alone. */
const ofTheSources: readonly Stage[] = [
  check('format', npm('format:check')),
  check('bpf', npm('build:bpf', '--check')),
  check('lint', npm('lint')),
]

/** Before all else: what everything later runs on. */
const preparation: readonly Stage[] = [
  check('types', npm('build:ts')),
  check('build', ['scripts/refresh-prebuild.mjs'], npm('build:native')),
]

const onThisMachine: readonly Stage[] = [
  nodeTests('unit', 'dist/test/unit'),
  nodeTests('kernel', 'dist/test/kernel'),
  nodeTests('worker', 'dist/test/worker'),
  counted('native', npm('build:sanitized'), ['.cache/sanitized/native_tests']),
  // With the addon that `native` has built.
  nodeTests('sanitized', ['dist/test/kernel', 'dist/test/worker'], (files) =>
    sanitizedNodeTests(files.filter(isOfTheAddon)),
  ),
  check('typings', npm('check:types')),
  nodeTests('package', 'dist/test/package'),
  check('fuzz', npm('fuzz', '--seconds', '6')),
  check('docs', npm('docs', '--emit', 'none')),
  nodeTests('lab-host', 'dist/test/lab-host'),
]

// A guest has one CPU and touches nothing of this machine's: its tests run beside the others.
const inGuests: readonly Stage[] = [counted('lab', lab('default')), counted('lab-better', lab('better'))]

/** What runs, in order; the lanes of one entry run side by side. */
export const plan: readonly (readonly (readonly Stage[])[])[] = [
  [preparation, ofTheSources],
  [onThisMachine, inGuests],
]
