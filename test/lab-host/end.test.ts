/** Every way in which a guest ends early: nothing of it stays. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { AbortError } from '../../lib/errors.js'
import { Lab, type LabError } from '../../lib/lab/index.js'
import { guest, processesWith, runFolders, until } from './guest.js'

const program = resolve('dist/lib/cli/main.js')

test('at the time limit the guest is killed', async () => {
  const started = Lab.run(['sleep', '1000'], { ...guest, timeoutSeconds: 2 })
  await assert.rejects(started, (error: LabError) => error.code === 'ERR_LAB_TIMEOUT')
  assert.deepEqual(runFolders(), [])
})

test('an aborted run kills the guest', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const started = Lab.run(['sh', '-c', 'echo begun; sleep 1000'], {
    ...guest,
    signal: controller.signal,
    stdout: () => controller.abort(reason),
  })
  await assert.rejects(started, (error: AbortError) => error instanceof AbortError && error.cause === reason)
  assert.deepEqual(runFolders(), [])
  await assert.rejects(Lab.run(['true'], { ...guest, signal: controller.signal }), AbortError)
})

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`${signal} at the launcher leaves no guest and no files`, { timeout: 120_000 }, async () => {
    const before = runFolders()
    const launcher = spawn(
      process.execPath,
      [program, 'lab', '--kernel', guest.kernel ?? '', '--', 'sh', '-c', 'echo begun; sleep 1000'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(launcher.stdout, 'data')
    const [folder] = runFolders().filter((name) => !before.includes(name))
    assert.ok(folder !== undefined && processesWith(folder).length > 0)
    launcher.kill(signal)
    const [code] = (await once(launcher, 'exit')) as [number | null]
    assert.equal(code, { SIGKILL: null, SIGTERM: 143, SIGINT: 130 }[signal])
    await until(() => processesWith(folder).length === 0 && !existsSync(join(tmpdir(), folder)))
  })
}

test('a guest that powers off under the command is an error, and not a result', async () => {
  const script = 'echo o > /proc/sysrq-trigger; sleep 1000'
  await assert.rejects(
    Lab.run(['sh', '-c', script], guest),
    (error: LabError) => error.code === 'ERR_LAB_DIED',
  )
})

test('a file that is no kernel does not boot, and the error says which it was', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-no-kernel-'))
  const kernel = join(folder, 'kernel')
  try {
    writeFileSync(kernel, '#!/bin/sh\necho I am no kernel\nexit 3\n')
    chmodSync(kernel, 0o755)
    await assert.rejects(Lab.run(['true'], { kernel }), (error: LabError) => {
      assert.equal(error.code, 'ERR_LAB_BOOT')
      assert.match(error.message, new RegExp(kernel))
      assert.match(error.kernelLog ?? '', /I am no kernel/)
      return true
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})
