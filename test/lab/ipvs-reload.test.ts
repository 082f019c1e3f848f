/** A kernel handle outlives the module: its family comes back with another number. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, before, beforeEach } from 'node:test'

import { Batch, openKernel, type Kernel } from '../../lib/index.js'
import { isLoaded, unload } from '../support/modules.js'

const isModule = () => isLoaded('ip_vs')

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
  await kernel.ipvs.info()
})
after(() => kernel.close())

/** Takes IPVS out of the kernel and puts it in again. */
beforeEach(async (context) => {
  if (!isModule()) return
  await kernel.ipvs.flush()
  await unload('ip_vs')
  assert.ok(!isModule(), context.name)
  execFileSync('modprobe', ['ip_vs'])
})

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  info: () => kernel.ipvs.info(),
  commit: async () => {
    const report = await kernel.commit(new Batch().addService(web).addServer(web, { address: '10.1.0.1' }))
    assert.deepEqual([report.applied, report.failed], [2, []])
  },
  services: async () => assert.deepEqual(await kernel.ipvs.services(), []),
  snapshot: async () => assert.equal((await kernel.ipvs.snapshot()).serviceCount, 0),
  daemons: async () => assert.deepEqual(await kernel.ipvs.daemons(), []),
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name} works after the module was unloaded and loaded`, async (context) => {
    if (!isModule()) return context.skip('this kernel has IPVS built in')
    await call()
  })
}
