/** What the calls of `kernel.ipvs` refuse before they ask the kernel anything: this needs no IPVS. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { Batch, InvalidArgumentError, openKernel, type Kernel } from '../../lib/index.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
after(() => kernel.close())

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const
const server = { address: '10.1.0.1' }
const master = { state: 'master', interface: 'lo' } as const

/** As JavaScript callers pass it. */
function any(value: unknown): never {
  return value as never
}

const cases: Readonly<Record<string, () => Promise<unknown>>> = {
  'service.schedular': () => kernel.ipvs.addService(any({ ...web, schedular: 'rr' })),
  'service.persistent': () => kernel.ipvs.updateService(any({ ...web, persistent: true })),
  'service.persistence.timeout': () =>
    kernel.ipvs.addService({ ...web, persistence: any({ timeoutSeconds: 1, timeout: 300 }) }),
  'service.persistence': () => kernel.ipvs.addService({ ...web, persistence: any(null) }),
  'service.schedulerFlags': () => kernel.ipvs.addService({ ...web, schedulerFlags: any('sh-port') }),
  'service.address': () => kernel.ipvs.addService(any({ ...web, fwmark: 1, family: 'inet' })),
  service: () => kernel.ipvs.zero(any(null)),
  'server.wieght': () => kernel.ipvs.addServer(web, any({ ...server, wieght: 3 })),
  server: () => kernel.ipvs.removeServer(web, any(undefined)),
  'options.verify': () => kernel.ipvs.snapshot(any({ verify: true })),
  'timeouts.tcp': () => kernel.ipvs.setTimeouts(any({ tcp: 900 })),
  'daemon.syncid': () => kernel.ipvs.startDaemon(any({ ...master, syncid: 3 })),
  daemon: () => kernel.ipvs.startDaemon(any(undefined)),
  text: () => kernel.ipvs.restore(any(Buffer.from('-A -f 1'))),
  'options.onerror': () => kernel.commit(new Batch(), any({ onerror: 'rollback' })),
  'options.signal': () => kernel.commit(new Batch(), { signal: any({}) }),
  batch: () => kernel.commit(any({})),
  options: () => openKernel(any(null)),
  'options.nets': () => openKernel(any({ nets: '/proc/self/ns/net' })),
  netns: () => openKernel({ netns: '/proc/self/ns/net\0x' }),
}

for (const [field, call] of Object.entries(cases)) {
  test(`${field} is refused by name`, async () => {
    await assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof InvalidArgumentError, String(error))
      assert.equal(error.field, field)
      return true
    })
  })
}

test('a batch refuses what is no object by name', () => {
  for (const add of [
    () => new Batch().addService(any(undefined)),
    () => new Batch().addServer(web, any(undefined)),
    () => new Batch().removeService(any('web')),
    () => new Batch().addServers(web, any(null)),
  ]) {
    assert.throws(add, InvalidArgumentError)
  }
})

test('a path that is no network namespace is EINVAL, be it a folder or a pipe', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-namespace-'))
  try {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const netns of [folder, join(folder, 'pipe')]) {
      const message = new RegExp(`'${netns}' is no network namespace`)
      await assert.rejects(openKernel({ netns }), { code: 'EINVAL', message })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a name in place of a path is answered with the path that it may have', async () => {
  await assert.rejects(openKernel({ netns: 'no-such-name' }), {
    code: 'ENOENT',
    message: /\/run\/netns\/no-such-name/,
  })
})

test('a path where nothing is: the error says how namespaces are listed and made', async () => {
  await assert.rejects(openKernel({ netns: '/run/netns/no-such-namespace' }), {
    code: 'ENOENT',
    message: /no '\/run\/netns\/no-such-namespace'; 'ip netns list' .* 'ip netns add NAME' makes one/,
  })
})

test('the capabilities of a closed kernel are not asked for', async () => {
  const closed = await openKernel()
  await closed.close()
  await assert.rejects(closed.capabilities(), { code: 'ERR_CLOSED' })
})
