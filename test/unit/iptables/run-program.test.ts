/** Programs as the director runs them: started by the addon, fed and read to their end. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import test, { type TestContext } from 'node:test'

import { runToEnd } from '../../../lib/iptables/run-program.js'

async function shell(script: string, input?: string) {
  const finished = await runToEnd(['sh', '-c', script], { input })
  assert.ok(finished !== undefined)
  return finished
}

test('both outputs are read to their end, with the exit code', async () => {
  const { code, output, errors } = await shell('echo out; echo err >&2; exit 7')
  assert.deepEqual({ code, output, errors }, { code: 7, output: 'out\n', errors: 'err\n' })
})

test('a program that a signal ends has 128 and the number of the signal as its code', async () => {
  assert.equal((await shell('kill -9 $$')).code, 137)
})

test('more than pipes hold goes in and comes out on both sides at once', async () => {
  const input = 'ä line of text\n'.repeat(200_000)
  const { code, output, errors } = await shell('tee /dev/stderr', input)
  assert.equal(code, 0)
  assert.ok(output === input && errors === input, `${output.length} and ${errors.length} of ${input.length}`)
})

test('a program that does not read what it is given ends as it wants to', async () => {
  const { code, output } = await shell('exec <&-; echo enough; exit 3', 'x'.repeat(1_000_000))
  assert.deepEqual({ code, output }, { code: 3, output: 'enough\n' })
})

test('a program that closes its outputs before it ends is waited for', async () => {
  assert.equal((await shell('exec >&- 2>&-; sleep 0.3; exit 5')).code, 5)
})

test('many programs at once each get their own answer', async () => {
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, nth) => shell(`cat; exit ${nth}`, `input ${nth}`)),
  )
  assert.deepEqual(
    all.map(({ code, output }) => `${code} ${output}`),
    all.map((_, nth) => `${nth} input ${nth}`),
  )
})

test('words reach the program as they are, and no shell reads them', async () => {
  const words = ['', 'two words', '$HOME', '"quoted"', ';exit', '*', 'ü']
  const finished = await runToEnd(['printf', '%s\\n', ...words])
  assert.equal(finished?.output, words.map((word) => `${word}\n`).join(''))
})

test('a program begins with no signal blocked or ignored', async () => {
  const { output } = await shell('cat /proc/self/status')
  assert.match(output, /^SigBlk:\s+0+$/m)
  // Of those that have a name; glibc has two more for itself.
  const ignored = BigInt(`0x${/^SigIgn:\s+([\da-f]+)$/m.exec(output)?.[1] ?? 'f'}`)
  assert.equal(ignored & 0x7fffffffn, 0n)
})

test('no descriptor stays behind, and no program', async () => {
  const count = async (): Promise<number> => (await readdir('/proc/self/fd')).length
  await shell('exit 0')
  const before = await count()
  for (let round = 0; round < 20; round++) await shell('cat; exit 1', 'input')
  // What a run holds goes with its notifier, a turn later.
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok((await count()) <= before, `${await count()} descriptors, ${before} before`)
  const children = spawnSync('ps', ['--ppid', String(process.pid), '-o', 'stat=,args='], { encoding: 'utf8' })
  assert.doesNotMatch(children.stdout, /^Z/m)
})

/** Folders with one script each, for a PATH. */
function programFolders(
  context: TestContext,
  scripts: readonly { mode: number; script: string }[],
): string[] {
  const root = mkdtempSync(join(tmpdir(), 'programs-'))
  const { PATH } = env
  context.after(() => {
    env['PATH'] = PATH
    rmSync(root, { recursive: true })
  })
  return scripts.map(({ mode, script }, nth) => {
    const folder = join(root, String(nth))
    mkdirSync(folder)
    writeFileSync(join(folder, 'thing'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'thing'), mode)
    return folder
  })
}

test('a program is looked for in the folders of PATH as it is then, in their order', async (context) => {
  const [refused = '', first = '', second = ''] = programFolders(context, [
    { mode: 0o644, script: 'echo refused' },
    { mode: 0o755, script: 'echo first' },
    { mode: 0o755, script: 'echo second' },
  ])
  env['PATH'] = `/nowhere:${refused}:${first}:${second}`
  assert.equal((await runToEnd(['thing']))?.output, 'first\n')
  env['PATH'] = second
  assert.equal((await runToEnd(['thing']))?.output, 'second\n')
  env['PATH'] = '/nowhere'
  assert.equal(await runToEnd(['thing']), undefined)
  assert.equal((await runToEnd([join(first, 'thing')]))?.output, 'first\n')
  env['PATH'] = refused
  await assert.rejects(runToEnd(['thing']), { code: 'EACCES', message: /start thing/ })
})

test('a namespace that is not there, or is none, is an error and no missing program', async () => {
  const netns = join(tmpdir(), 'no such namespace')
  await assert.rejects(runToEnd(['true'], { netns }), { code: 'ENOENT', message: /no such namespace/ })
  await assert.rejects(runToEnd(['true'], { netns: '/dev/null' }), { code: /^(EINVAL|ENOTTY)$/ })
})
