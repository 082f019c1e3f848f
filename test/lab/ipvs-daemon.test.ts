import assert from 'node:assert/strict'
import test from 'node:test'
import { openKernel } from '../../lib/index.js'

test('a synchronisation daemon that is stopped before it ran is stopped all the same', async () => {
  const kernel = await openKernel()
  try {
    for (let round = 0; round < 100; round++) {
      await kernel.ipvs.startDaemon({ state: 'backup', interface: 'lo' })
      await kernel.ipvs.stopDaemon({ state: 'backup' })
    }
    assert.deepEqual(await kernel.ipvs.daemons(), [])
    await assert.rejects(kernel.ipvs.stopDaemon({ state: 'backup' }), { code: 'ESRCH' })
  } finally {
    await kernel.close()
  }
})
