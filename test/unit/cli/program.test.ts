/** The program as a shell sees it: exit codes, help, and what is written from the command table. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import { commandTree } from '../../../lib/cli/command-tree.js'
import { completionScript } from '../../../lib/cli/completion.js'
import { exitCodeFor, exitCodeMeanings, exitCodes } from '../../../lib/cli/exit-codes.js'
import { manPage } from '../../../lib/cli/man-page.js'
import { buildProgram } from '../../../lib/cli/program.js'
import { AbortError, DirectorError, InvalidArgumentError } from '../../../lib/errors.js'
import { LabError } from '../../../lib/lab/errors.js'

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [resolve('dist/lib/cli/main.js'), ...args], { encoding: 'utf8' })
}

test('wrong usage returns 2 and says where help is; help and version return 0', () => {
  for (const args of [['no-such-command'], ['lab', '--no-such-option'], ['completion', 'tcsh']]) {
    const { status, stderr } = run(...args)
    assert.equal(status, exitCodes.usage, args.join(' '))
    assert.match(stderr, /--help/)
  }
  assert.match(run('--help').stdout, /lab .*boot a kernel/)
  assert.match(run('--version').stdout, /^\d+\.\d+\.\d+/)
})

test('an error is one line with the next step, and its own exit code', () => {
  const { status, stdout, stderr } = run('lab', '--kernel', '/no/such/kernel', '--', 'true')
  assert.equal(status, exitCodes.lab)
  assert.equal(stdout, '')
  assert.match(stderr, /^ipvs-director: the kernel \/no\/such\/kernel cannot be read .*;.*\n$/)
})

test('output that cannot be written is an error in one line', () => {
  const full = openSync('/dev/full', 'w')
  const { status, stderr } = spawnSync(process.execPath, [resolve('dist/lib/cli/main.js'), 'man'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  })
  closeSync(full)
  assert.equal(status, exitCodes.failed)
  assert.match(stderr, /^ipvs-director: standard output: ENOSPC.*\n$/)
})

test('exit codes follow from errors, and every one is explained', () => {
  assert.equal(exitCodeFor(new InvalidArgumentError('memory', 1, 'more')), exitCodes.usage)
  assert.equal(exitCodeFor(new LabError('late', { code: 'ERR_LAB_TIMEOUT' })), exitCodes.timeout)
  assert.equal(exitCodeFor(new LabError('no', { code: 'ERR_LAB_BOOT' })), exitCodes.lab)
  assert.equal(exitCodeFor(new DirectorError('refused', { code: 'EEXIST' })), exitCodes.failed)
  assert.equal(exitCodeFor(new AbortError('run', undefined)), exitCodes.interrupted)
  assert.equal(exitCodeFor(new TypeError('oops')), exitCodes.bug)
  for (const code of Object.values(exitCodes)) assert.ok(exitCodeMeanings[code], String(code))
})

/** What bash offers for a line, the last word being completed. */
function completions(...words: string[]): string[] {
  const script = `${completionScript('bash', buildProgram())}
COMP_WORDS=(ipvs-director "$@"); COMP_CWORD=$#; _ipvs_director; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash completes commands, options of the command at hand, and choices', () => {
  assert.deepEqual(completions('comp'), ['completion'])
  assert.deepEqual(completions('completion', 'z'), ['zsh'])
  assert.deepEqual(completions('lab', 'build-kernel', '--jo'), ['--jobs'])
  assert.ok(completions('lab', '--').includes('--memory'))
  assert.deepEqual(completions('lab', '--kernel', ''), [], 'a value is a file, which bash itself completes')
})

test('every command and option is in the man page and in every completion', () => {
  const program = buildProgram()
  const texts = [manPage(program).replaceAll('\\-', '-'), ...(['bash', 'zsh', 'fish'] as const).map(script)]
  for (const { path, options } of commandTree(program)) {
    for (const text of texts) {
      assert.ok(text.includes(path.at(-1) ?? ''), path.join(' '))
      for (const { long } of options)
        assert.ok(text.includes(long?.slice(2) ?? ''), `${path.join(' ')} ${long}`)
    }
  }

  function script(shell: 'bash' | 'zsh' | 'fish'): string {
    return completionScript(shell, program)
  }
})

test('no line of the man page that is text reads as a request', () => {
  const requests = new Set(['.TH', '.SH', '.SS', '.TP', '.B', '.br'])
  for (const line of manPage(buildProgram()).split('\n')) {
    if (/^[.']/.test(line)) assert.ok(requests.has(line.split(' ', 1)[0] ?? ''), line)
  }
})
