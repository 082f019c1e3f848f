/** Options of a guest: defaults, checks, and the command lines that come of them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { labRequest, type LabOptions } from '../../../lib/lab/options.js'
import { environmentArguments, inputMode, mountTableName } from '../../../lib/lab/run-folder.js'
import { parseMemory } from '../../../lib/lab/size.js'
import { umlArguments } from '../../../lib/lab/uml.js'

test('sizes are read as people write them', () => {
  for (const text of ['2G', '2g', '2GiB', '2048M', 2_147_483_648]) assert.equal(parseMemory(text), 2 ** 31)
  assert.equal(parseMemory('1.5G'), 1.5 * 2 ** 30)
})

test('sizes that no guest boots in, and words, are refused', () => {
  for (const text of ['', 'G', '127M', '2T', '-2G', 0, NaN, 'much']) {
    assert.throws(() => parseMemory(text), InvalidArgumentError)
  }
})

test('options that are not as described name the field', () => {
  const wrong: [string, LabOptions][] = [
    ['backend', { backend: 'xen' as 'uml' }],
    ['cpus', { cpus: 1.5 }],
    ['timeoutSeconds', { timeoutSeconds: 0 }],
    ['memory', { memory: '1' }],
    ['write[0]', { write: ['/no/such/folder'] }],
    ['write', { write: 'open' as unknown as true }],
    ['env["A=B"]', { env: { 'A=B': 'x' } }],
    ['env', { env: 'A=B' as unknown as Record<string, string> }],
    ['cwd', { cwd: '/no/such/folder' }],
    ['kernel', { kernel: '' }],
    ['stdin', { stdin: 'pipe' as 'inherit' }],
    ['stdout', { stdout: 'inherited' as 'inherit' }],
    ['stderr', { stderr: 1 as unknown as 'pipe' }],
    ['encoding', { encoding: 'hex' as 'utf8' }],
    ['signal', { signal: 'SIGTERM' as unknown as AbortSignal }],
  ]
  for (const [field, options] of wrong) {
    assert.throws(
      () => labRequest(['true'], options),
      (error: InvalidArgumentError) => error.field === field,
    )
  }
  for (const command of [[], [''], ['a\0b'], ['A=b']]) {
    assert.throws(() => labRequest(command, {}), InvalidArgumentError)
  }
})

test('an option that does not exist is refused with those that do', () => {
  assert.throws(
    () => labRequest(['true'], { timeout: 5 } as LabOptions),
    (error: InvalidArgumentError) => {
      assert.equal(error.field, 'options.timeout')
      assert.match(error.allowed, /\btimeoutSeconds\b/)
      return true
    },
  )
})

test('the environment and the folder of the command are exactly those given', () => {
  const request = labRequest(['prog', '-x', 'a b'], { cwd: '/tmp', env: { A: '1', '-u': 'x', B: undefined } })
  assert.deepEqual(environmentArguments(request), [
    '-i',
    '--chdir=/tmp',
    '--',
    'A=1',
    '-u=x',
    'prog',
    '-x',
    'a b',
  ])
})

test('how input travels follows from what it is', () => {
  assert.equal(inputMode(labRequest(['true'], {})), 'none')
  assert.equal(inputMode(labRequest(['true'], { stdin: Buffer.from('x') })), 'file')
})

test('paths survive the mount table', () => {
  assert.equal(mountTableName('/a b\t#\\c'), '/a\\040b\\011\\043\\134c')
})

test('the kernel gets its consoles, its memory and the init script', () => {
  const args = umlArguments(labRequest(['true'], { memory: '1G', cpus: 2 }), '/tmp/run', '/modules')
  for (const expected of [
    'mem=1048576K',
    'ncpus=2',
    'con0=null,fd:3',
    'con1=null,fd:4',
    'init=/tmp/run/init',
  ]) {
    assert.ok(args.includes(expected), expected)
  }
  assert.deepEqual(args.slice(args.indexOf('--')), ['--', '/tmp/run', '/modules', 'uml'])
})
