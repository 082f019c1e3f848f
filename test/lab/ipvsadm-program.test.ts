/** `ipvs-director ipvsadm` as a program of its own: words, pipes and exit codes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test, { after, afterEach, before } from 'node:test'
import { type Kernel, openKernel } from '../../lib/index.js'
import { runRealIpvsadm } from '../support/real-ipvsadm.js'

const main = join(__dirname, '../../lib/cli/main.js')
let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => kernel.ipvs.flush())
after(() => kernel.close())

function ipvsadm(
  words: readonly string[],
  input = '',
): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'ipvsadm', ...words], {
    input,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('a table goes in through one pipe and out through another as with ipvsadm', () => {
  const lines = Array.from({ length: 500 }, (_, index) => {
    const service = `10.0.${index >> 8}.${index & 255}:80`
    return `-A -t ${service} -s rr\n-a -t ${service} -r 10.1.0.1:80 -g -w 1\n`
  })
  assert.deepEqual(ipvsadm(['-R'], lines.join('')), { status: 0, stdout: '', stderr: '' })
  const [real] = runRealIpvsadm([{ words: ['-Sn'] }])
  assert.deepEqual(ipvsadm(['-Sn']), { status: 0, stdout: lines.join(''), stderr: '' })
  assert.equal(real?.stdout, lines.join(''))
})

test('refusals leave through standard error and the exit code', () => {
  assert.deepEqual(ipvsadm(['-R'], '-A -f 1\n-A -f 1\n'), {
    status: 255,
    stdout: '',
    stderr: 'Service already exists\n',
  })
})
