/** What a launcher promises about the command: its exit code, its surroundings, its streams, and the host's files. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test from 'node:test'
import { Lab } from '../../lib/lab/index.js'
import { guest, runFolders } from './guest.js'

const folder = mkdtempSync(join(tmpdir(), 'lab host '))

test('the exit code, the environment, the folder and the two outputs come back', async () => {
  const script = 'echo "$GREETING from $(pwd)"; echo "$(env | wc -l)" >&2; exit 7'
  const result = await Lab.run(['/bin/bash', '--norc', '-c', script], {
    ...guest,
    cwd: folder,
    env: { GREETING: 'good day\nto "all" $HOME', PATH: '/usr/bin:/bin' },
  })
  assert.equal(result.exitCode, 7)
  assert.equal(result.signal, undefined)
  assert.equal(result.stdout, `good day\nto "all" $HOME from ${folder}\n`)
  // GREETING (two lines), PATH, and what bash adds: OLDPWD is not among them, PWD, SHLVL and _ are.
  assert.equal(result.stderr, '6\n')
  assert.match(result.kernelRelease, /^\d+\.\d+/)
  assert.ok(result.bootMs > 0 && result.bootMs <= result.elapsedMs)
  assert.deepEqual(runFolders(), [])
})

test('a signal that ended the command is named', async () => {
  const result = await Lab.run(['sh', '-c', 'kill -TERM $$'], guest)
  assert.equal(result.exitCode, 143)
  assert.equal(result.signal, 'SIGTERM')
})

test('a command that does not exist returns 127, as in a shell', async () => {
  const result = await Lab.run(['no-such-program-in-the-lab'], guest)
  assert.equal(result.exitCode, 127)
  assert.match(result.stderr, /no-such-program-in-the-lab/)
})

test('bytes pass unchanged, from memory and from a stream, and large', async () => {
  const bytes = randomBytes(700_001)
  const sent = createHash('sha256').update(bytes).digest('hex')
  const inputs = [
    bytes,
    Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 300_000), bytes.subarray(300_000)]),
  ]
  for (const stdin of inputs) {
    const result = await Lab.run(['tee', '/dev/stderr'], { ...guest, stdin, encoding: 'buffer' })
    for (const output of [result.stdout, result.stderr]) {
      assert.equal(createHash('sha256').update(output).digest('hex'), sent)
    }
  }
})

test('output arrives while the command runs, and input may follow from it', async () => {
  const stdin = new Readable({ read() {} })
  const seen: string[] = []
  const result = await Lab.run(['sh', '-c', 'echo question; read answer; echo "got $answer"'], {
    ...guest,
    stdin,
    stdout(chunk) {
      seen.push(chunk.toString())
      if (seen.length === 1) stdin.push('yes\n')
    },
  })
  assert.equal(seen.join(''), 'question\ngot yes\n')
  assert.equal(result.stdout, '')
  assert.equal(result.exitCode, 0)
})

test('processes that the command leaves behind do not keep the guest', async () => {
  const result = await Lab.run(['bash', '-c', 'sleep 1000 & echo done'], guest)
  assert.equal(result.stdout, 'done\n')
})

test('the host is untouched, and a folder that was opened is not', async () => {
  const [closed, open] = [join(folder, 'closed'), join(folder, 'open')]
  const script = 'echo changed > closed/file; echo changed > open/file; cat closed/file; rm -f /etc/hostname'
  for (const name of [closed, open]) {
    mkdirWithFile(name)
  }
  const hostname = existsSync('/etc/hostname')
  const result = await Lab.run(['sh', '-c', script], { ...guest, cwd: folder, write: ['open'] })
  assert.equal(result.stdout, 'changed\n')
  assert.equal(readFileSync(join(closed, 'file'), 'utf8'), 'original\n')
  assert.equal(readFileSync(join(open, 'file'), 'utf8'), 'changed\n')
  assert.equal(existsSync('/etc/hostname'), hostname)
})

test('write: true opens the working directory', async () => {
  const result = await Lab.run(['touch', 'made-in-the-lab'], { ...guest, cwd: folder, write: true })
  assert.equal(result.exitCode, 0, result.stderr)
  assert.ok(existsSync(join(folder, 'made-in-the-lab')))
})

test('memory is what was asked for', async () => {
  const script = "awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo"
  const result = await Lab.run(['sh', '-c', script], { ...guest, memory: '1G' })
  assert.ok(Number(result.stdout) > 900 && Number(result.stdout) <= 1024, result.stdout)
})

function mkdirWithFile(name: string): void {
  mkdirSync(name)
  writeFileSync(join(name, 'file'), 'original\n')
}
