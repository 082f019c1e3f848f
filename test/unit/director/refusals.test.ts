/** Objects that make no sense: what the kernel has of them stays, and the status says why. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { KubernetesEndpointSlice, KubernetesService } from '../../../lib/index.js'
import { service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'

const heavy = { 'ipvs-director.io/weight': 'heavy' }
const bad = (good: KubernetesService): KubernetesService => ({
  ...good,
  metadata: { ...good.metadata, annotations: heavy },
})
const badSlice = {
  ...slice(['10.180.0.1']),
  endpoints: [{ addresses: ['nonsense'] }],
} as KubernetesEndpointSlice
const key = 'tcp 10.20.30.41:80'
const refused = { code: 'ERR_INVALID_ARGUMENT' }

test('the last good version of an object that is refused stays, and the status says why', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  assert.throws(() => director.upsertService(bad(service())), refused)
  assert.throws(() => director.upsertEndpointSlice(badSlice), refused)
  await director.sync({ full: true })
  assert.deepEqual([...(plane.kernel.services.get(key)?.servers.keys() ?? [])], ['10.180.0.1:80'])
  const reasons = director.status().troubled.get('ns/svc') ?? []
  assert.equal(reasons.length, 2)
  assert.match(reasons[0] ?? '', /^refused: metadata\.annotations.*weight.*heavy/)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  assert.equal(director.status().troubled.size, 0)
})

test('what a former process programmed for an object that is now refused stays until it makes sense', async (context) => {
  const former = setUp(context)
  for (const name of ['svc', 'gone'])
    former.director.upsertService(service({ name, ...(name === 'gone' && { clusterIP: '10.20.30.42' }) }))
  former.director.upsertEndpointSlice(slice(['10.180.0.1']))
  await former.director.sync()
  await former.director.stop()
  const { plane, director } = setUp(context, {}, former.plane)
  assert.throws(() => director.upsertService(bad(service())), refused)
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  const { drift } = await director.sync({ full: true })
  assert.deepEqual(drift, [])
  // Whose the other one is, nobody can tell either.
  assert.deepEqual([...plane.kernel.services.keys()].sort(), [key, 'tcp 10.20.30.42:80'])
  assert.deepEqual([...(plane.kernel.link?.addresses ?? [])].sort(), ['10.20.30.41', '10.20.30.42'])
  assert.ok(
    director.status().withheld.some((change) => change.type === 'removeService' && change.key === key),
  )
  assert.deepEqual((await director.sync({ full: true })).drift, [])
  assert.equal(String(await director.plan()), '')

  director.upsertService(service())
  await director.sync()
  assert.deepEqual([...plane.kernel.services.keys()], [key])
  assert.deepEqual(
    [[...(plane.kernel.link?.addresses ?? [])], director.status().withheld],
    [['10.20.30.41'], []],
  )
})

test('endpoints of a slice that is refused at the start stay; those of other services leave', async (context) => {
  const former = setUp(context)
  former.director.upsertService(service())
  former.director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  former.director.upsertEndpointSlice(slice(['10.180.0.1']))
  former.director.upsertEndpointSlice(slice(['10.180.0.2'], { of: 'other' }))
  await former.director.sync()
  await former.director.stop()
  const { plane, director } = setUp(context, { drainTimeoutSeconds: 0 }, former.plane)
  director.upsertService(service())
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  assert.throws(() => director.upsertEndpointSlice(badSlice), refused)
  await director.sync()
  await director.checkDrains()
  assert.equal(plane.kernel.services.get(key)?.servers.size, 1)
  assert.equal(plane.kernel.services.get('tcp 10.20.30.42:80')?.servers.size, 0)
})

test('an object that was refused and is removed holds nothing back', async (context) => {
  const former = setUp(context)
  former.director.upsertService(service())
  await former.director.sync()
  await former.director.stop()
  const { plane, director } = setUp(context, {}, former.plane)
  assert.throws(() => director.upsertService(bad(service())), refused)
  await director.sync()
  assert.ok(plane.kernel.services.has(key))
  director.removeService('ns/svc')
  await director.sync()
  assert.equal(plane.kernel.services.size, 0)
})
