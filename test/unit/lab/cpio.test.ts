/** The archive that a QEMU guest starts from, read back by the tool that everybody has. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { cpioArchive } from '../../../lib/lab/qemu/cpio.js'

const archive = cpioArchive([
  { path: 'bin' },
  { path: 'bin/program', content: Buffer.from('12345'), executable: true },
  { path: 'empty', content: Buffer.alloc(0) },
])

test('headers are where the kernel looks for them: each on a multiple of four bytes', () => {
  const starts = [...archive.toString('latin1').matchAll(/070701/g)].map((match) => match.index)
  assert.equal(starts.length, 4)
  assert.ok(
    starts.every((start) => start % 4 === 0),
    starts.join(' '),
  )
  assert.equal(archive.length % 4, 0)
})

const busybox = spawnSync('busybox', ['true']).status === 0

test('busybox lists and reads it', { skip: busybox ? false : 'busybox is not installed' }, () => {
  const list = spawnSync('busybox', ['cpio', '-tv'], { input: archive, encoding: 'utf8' })
  assert.equal(list.status, 0, list.stderr)
  const lines = list.stdout.trim().split('\n')
  assert.match(lines[0] ?? '', /^drwxr-xr-x .* bin$/)
  assert.match(lines[1] ?? '', /^-rwxr-xr-x .* 5 .* bin\/program$/)
  assert.match(lines[2] ?? '', /^-rw-r--r-- .* 0 .* empty$/)
  const content = spawnSync('busybox', ['cpio', '-i', '--to-stdout', 'bin/program'], { input: archive })
  assert.equal(content.stdout.toString(), '12345')
})
