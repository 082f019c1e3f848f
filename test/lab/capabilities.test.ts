import assert from 'node:assert/strict'
import test from 'node:test'

import { openKernel } from '../../lib/index.js'

test('a kernel with IPVS says which schedulers it has, and asking leaves no service behind', async () => {
  const kernel = await openKernel()
  try {
    const { ipvs, schedulers, dummyLinks, sets } = await kernel.capabilities()
    assert.deepEqual([ipvs.available, sets.available, dummyLinks.available], [true, true, true])
    assert.deepEqual(await kernel.ipvs.services(), [])
    for (const [scheduler, { available }] of Object.entries(schedulers)) {
      const key = { fwmark: 1, family: 'inet' } as const
      const works = await kernel.ipvs.addService({ ...key, scheduler }).then(
        () => kernel.ipvs.removeService(key).then(() => true),
        () => false,
      )
      assert.equal(available, works, scheduler)
    }
    assert.ok(Object.keys(schedulers).length >= 14)
  } finally {
    await kernel.close()
  }
})
