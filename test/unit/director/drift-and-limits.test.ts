/** What is told as drift, and what `allowedChanges` keeps from being made. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { changeTypes } from '../../../lib/director/state/changes.js'
import { describeChange, type ChangeType } from '../../../lib/index.js'
import { service, slice } from '../../conformance/row.js'
import { setUp, type Setup } from '../../support/director-setup.js'

const key = 'tcp 10.20.30.41:80'
const entry = { set: 'KUBE-CLUSTER-IP', entry: '10.20.30.41,tcp:80' } as const

for (const [what, address] of [
  ['a pod came with its fe80:: address', 'fe80::1'],
  ['the node got another address', '192.0.2.20'],
]) {
  test(`what others changed is drift also when ${what}`, async (context) => {
    const { plane, director } = setUp(context)
    director.upsertService(service())
    await director.sync()
    plane.kernel.apply({ type: 'removeEntry', ...entry })
    plane.facts_ = {
      ...plane.facts_,
      addresses: [...plane.facts_.addresses, { interface: 'veth1', address: address ?? '' }],
    }
    const { drift } = await director.sync({ full: true })
    assert.deepEqual(drift, [{ type: 'addEntry', ...entry }])
  })
}

test('what a new address of the node asks for is no drift', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service({ type: 'NodePort', ports: [{ port: 80, nodePort: 3001 }] }))
  await director.sync()
  plane.facts_ = {
    ...plane.facts_,
    addresses: [...plane.facts_.addresses, { interface: 'eth1', address: '192.0.2.20' }],
  }
  const { drift } = await director.sync({ full: true })
  assert.deepEqual(drift, [])
  assert.ok(plane.kernel.services.has('tcp 192.0.2.20:3001'))
})

/** A service with two servers, the second of which is no longer wanted. */
async function withOneLess({ plane, director }: Setup): Promise<void> {
  plane.connectionsEach = 1
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  await director.sync()
  plane.take()
  director.upsertEndpointSlice(slice(['10.180.0.1']))
}

test('a draining server that somebody gave weight gets 0 again, and that is drift', async (context) => {
  const setup = setUp(context)
  await withOneLess(setup)
  const { plane, director } = setup
  await director.sync()
  const draining = director.status().draining
  plane.kernel.apply({
    type: 'updateServer',
    key,
    service: { protocol: 'tcp', address: '10.20.30.41', port: 80 },
    serverKey: '10.180.0.2:80',
    server: { address: '10.180.0.2', port: 80, weight: 5 },
  })
  const { drift } = await director.sync({ full: true })
  assert.deepEqual(drift.map(describeChange), [`~ server ${key} -> 10.180.0.2:80 masquerade weight 0`])
  assert.equal(plane.kernel.services.get(key)?.servers.get('10.180.0.2:80')?.weight, 0)
  assert.deepEqual(director.status().draining, draining, 'its time goes on')
})

test('a plan says that a server begins to drain, and nothing of one that drains already', async (context) => {
  const setup = setUp(context)
  await withOneLess(setup)
  const { director } = setup
  assert.equal(String(await director.plan()), `~ server ${key} -> 10.180.0.2:80 masquerade weight 0\n`)
  await director.sync()
  assert.equal(String(await director.plan()), '')
})

const allBut = (...types: ChangeType[]): ChangeType[] => changeTypes.filter((type) => !types.includes(type))

test('where weights may not be changed, a removal that would begin with weight 0 is withheld', async (context) => {
  const setup = setUp(context, { allowedChanges: allBut('updateServer') })
  await withOneLess(setup)
  const { plane, director } = setup
  const { withheld } = await director.sync()
  assert.deepEqual(withheld.map(describeChange), [`- server ${key} -> 10.180.0.2:80`])
  assert.deepEqual(plane.made, [])
  assert.deepEqual(director.status().draining, [])
})

test('a plan shows what is not allowed apart from what would be made', async (context) => {
  const { plane, director } = setUp(context, { allowedChanges: ['createSet'] })
  director.upsertService(service())
  const planned = await director.plan()
  assert.ok(planned.changes.length > 0)
  assert.deepEqual(new Set(planned.changes.map(({ type }) => type)), new Set(['createSet']))
  assert.ok(planned.withheld.some(({ type }) => type === 'addService'))
  await director.sync()
  assert.deepEqual(plane.take().map(describeChange), planned.changes.map(describeChange))
})

test('what is withheld stays told after passes that looked elsewhere, until nobody wants it', async (context) => {
  const { director } = setUp(context, { allowedChanges: [] })
  director.upsertService(service())
  await director.sync()
  const before = director.status().withheld.length
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.77' }))
  await director.sync()
  const added = (): number =>
    director.status().withheld.filter((change) => describeChange(change).includes('10.20.30.77')).length
  assert.equal(director.status().withheld.length, before + added())
  assert.ok(added() > 0)
  director.removeService('ns/other')
  await director.sync()
  assert.equal(added(), 0)
  assert.equal(director.status().withheld.length, before)
})

test('endpoints are not said to be programmed where that is withheld, nor of a headless service', async (context) => {
  const { director } = setUp(context, { allowedChanges: allBut('addServer') })
  const told: string[] = []
  director.on('endpointProgrammed', ({ service: name }) => told.push(name))
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  director.upsertService(service({ name: 'headless', clusterIP: 'None' }))
  director.upsertEndpointSlice(slice(['10.180.0.2'], { of: 'headless' }))
  await director.sync()
  assert.deepEqual(told, [])
})
