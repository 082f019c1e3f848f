/** How often a director makes passes by itself. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Director } from '../../../lib/index.js'
import { Pace } from '../../../lib/director/pace.js'
import { service } from '../../conformance/row.js'
import { MemoryPlane } from '../../support/memory-plane.js'
import { setUp } from '../../support/director-setup.js'

test('two passes may begin at once, then one an interval; time without passes allows no more than two', () => {
  const pace = new Pace(1000)
  const began = (now: number): number => {
    const wait = pace.wait(now)
    pace.take(now)
    return wait
  }
  assert.deepEqual([began(0), began(0), pace.wait(0)], [0, 0, 1000])
  assert.equal(pace.wait(400), 600)
  assert.deepEqual([began(1000), pace.wait(1000)], [0, 1000])
  assert.deepEqual([began(99_000), began(99_000), pace.wait(99_000)], [0, 0, 1000])
})

test('without an interval nothing waits', () => {
  const pace = new Pace(0)
  for (let pass = 0; pass < 5; pass++) pace.take(0)
  assert.equal(pace.wait(0), 0)
})

test('a wish beyond the pace waits, and an explicit sync programs it at once', async (context) => {
  const { plane, director } = setUp(context, { minSyncSeconds: 3600 })
  await director.start()
  director.upsertService(service())
  await once(director, 'synced')
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(director.status().wishes.services.pending, 1)
  await director.sync()
  assert.ok(plane.kernel.services.has('tcp 10.20.30.42:80'))
})

test('a wish that waits is programmed by itself when its time has come', async (context) => {
  const { plane, director } = setUp(context, { minSyncSeconds: 0.01 })
  await director.start()
  for (const address of ['10.20.30.41', '10.20.30.42', '10.20.30.43']) {
    director.upsertService(service({ name: address.replaceAll('.', '-'), clusterIP: address }))
    await once(director, 'synced')
    assert.ok(plane.kernel.services.has(`tcp ${address}:80`))
  }
})

test('after stop() no wish is programmed any more', async (context) => {
  const { plane, director } = setUp(context)
  await director.start()
  director.upsertService(service())
  await director.stop()
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(plane.kernel.services.size, 0)
})

test('an interval below 0, or longer than that of looks at everything, is refused', () => {
  for (const minSyncSeconds of [-1, 11, Number.NaN, '1' as unknown as number])
    assert.throws(() => new Director(new MemoryPlane(), { resyncSeconds: 10, minSyncSeconds }), {
      code: 'ERR_INVALID_ARGUMENT',
      field: 'minSyncSeconds',
    })
})
