import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { type KernelPlaces, thisMachine } from '../../../lib/lab/kernels.js'
import { findEmulator, threadsFor } from '../../../lib/lab/qemu/emulators.js'
import { upstreamVersion } from '../../../lib/lab/debian/upstream-version.js'

test('processors are emulated by one thread where QEMU can run instructions that were rewritten meanwhile', () => {
  assert.equal(threadsFor('7.2.22'), 'single')
  assert.equal(threadsFor('8.0.5'), 'single')
  assert.equal(threadsFor('8.1.0'), 'multi')
  assert.equal(threadsFor('10.0.2'), 'multi')
  assert.equal(threadsFor('unknown'), 'single')
})

/** A machine without an installed QEMU, with programs in its cache folder that say of themselves what is given. */
function machineWith(context: TestContext, fetched: Readonly<Record<string, string>>): KernelPlaces {
  const cache = mkdtempSync(join(tmpdir(), 'emulators-'))
  context.after(() => rmSync(cache, { recursive: true }))
  for (const [folder, script] of Object.entries(fetched)) {
    const program = join(cache, 'ipvs-director/emulators', folder, 'usr/bin/qemu-system-x86_64')
    mkdirSync(dirname(program), { recursive: true })
    writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  return { ...thisMachine, environment: { XDG_CACHE_HOME: cache }, readable: () => false }
}

test('of the QEMUs in the cache folder the newest is taken, with its firmware', async (context) => {
  const places = machineWith(context, {
    'qemu-9.2.1': 'echo QEMU emulator version 9.2.1',
    'qemu-10.0.2': 'echo "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)"',
    'qemu-11.0.0.partial-abc': 'echo QEMU emulator version 11.0.0',
  })
  const { program, version, threads, firmware } = await findEmulator(places)
  assert.equal(version, '10.0.2')
  assert.equal(threads, 'multi')
  const folder = program.replace('/usr/bin/qemu-system-x86_64', '')
  assert.match(folder, /emulators\/qemu-10\.0\.2$/)
  assert.deepEqual(firmware, [join(folder, 'usr/share/qemu'), join(folder, 'usr/share/seabios')])
})

test('a fetched QEMU that no longer runs is as good as none', async (context) => {
  const places = machineWith(context, { 'qemu-10.0.2': 'echo libaio.so.1: cannot open >&2; exit 127' })
  await assert.rejects(findEmulator(places), {
    code: 'ERR_LAB_PROGRAM_MISSING',
    message: /QEMU is not installed/,
  })
})

test("a version of Debian's is read without what Debian adds", () => {
  assert.equal(upstreamVersion('1:10.0.2+ds-2+deb13u1~bpo12+1'), '10.0.2')
  assert.equal(upstreamVersion('7.2'), '7.2')
  assert.equal(upstreamVersion(undefined), undefined)
})
