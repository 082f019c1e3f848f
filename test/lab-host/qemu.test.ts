/** The second backend: Debian's stock kernel under QEMU keeps the launcher's promises, with the modules it came with. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { Lab, LabError, type LabOptions } from '../../lib/lab/index.js'
import { findEmulator } from '../../lib/lab/qemu/emulators.js'
import { findQemuKernel } from '../../lib/lab/qemu/kernels.js'

const folder = mkdtempSync(join(tmpdir(), 'lab qemu '))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

// A machine that reaches no package server still runs every other test.
async function fetchedOrSkip(test: TestContext, fetch: () => Promise<unknown>): Promise<boolean> {
  try {
    await fetch()
    return true
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'ERR_LAB_FETCH') throw error
    test.skip(error.message)
    return false
  }
}

async function kernelOrSkip(test: TestContext): Promise<boolean> {
  try {
    findQemuKernel(undefined)
    return true
  } catch {
    return fetchedOrSkip(test, () => Lab.fetchKernel())
  }
}

// Turns on and off what the scheduler counts: each time the kernel rewrites instructions that both processors run.
const rewriteKernelText = `
  (while :; do true; done) & busy=$!
  for round in $(seq 150); do
    echo 1 >/proc/sys/kernel/sched_schedstats; echo 0 >/proc/sys/kernel/sched_schedstats
  done
  kill $busy`

const options: LabOptions = { backend: 'qemu', cwd: folder, write: [folder], timeoutSeconds: 300 }

test('the command runs on the stock kernel: its modules, its exit code, its files', async (t) => {
  if (!(await kernelOrSkip(t))) return
  writeFileSync(join(folder, 'host'), 'from the host')
  const script = 'modprobe ip_vs && head -1 /proc/net/ip_vs; cat host; echo from the guest >answer; exit 9'
  const result = await Lab.run(['sh', '-c', script], options)
  assert.match(result.stdout, /^IP Virtual Server version \d+\.\d+\.\d+ .*\nfrom the host$/)
  assert.equal(result.exitCode, 9)
  assert.equal(readFileSync(join(folder, 'answer'), 'utf8'), 'from the guest\n')
  assert.notEqual(result.kernelRelease, readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim())
})

async function expectToSurviveRewriting(): Promise<void> {
  const result = await Lab.run(['sh', '-c', `${rewriteKernelText}; nproc`], options)
  assert.equal(result.exitCode, 0)
  assert.equal(result.stdout, '2\n')
}

test('a kernel with two processors survives that it rewrites its own instructions', async (t) => {
  if (await kernelOrSkip(t)) await expectToSurviveRewriting()
})

test('a fetched QEMU emulates processors side by side, and survives the same', async (t) => {
  if (!(await kernelOrSkip(t)) || !(await fetchedOrSkip(t, () => Lab.fetchQemu()))) return
  await expectToSurviveRewriting()
  const { version, threads } = await findEmulator()
  assert.equal(threads, 'multi', version)
})
