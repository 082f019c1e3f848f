import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { describeChange, diff, plan } from '../../../lib/index.js'
import { service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'
import type { MemoryPlane } from '../../support/memory-plane.js'

const texts = (plane: MemoryPlane): string[] => plane.take().map(describeChange)
const key = 'tcp 10.20.30.41:80'
const serversOf = (plane: MemoryPlane): unknown => {
  const servers = [...(plane.kernel.services.get(key)?.servers.values() ?? [])]
  return Object.fromEntries(servers.map(({ address, weight }) => [address, weight]))
}

test('the first sync programs what was wished before, and a second one finds nothing to do', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  director.upsertService(service())
  assert.deepEqual(plane.made, [])
  await director.sync()
  const wanted = plan(
    { services: [service()], endpointSlices: [slice(['10.180.0.1'])] },
    { ...plane.facts_, name: 'test-node' },
    { families: ['inet'] },
  )
  assert.deepEqual(diff(plane.kernel, wanted), [])
  plane.take()
  const { changes } = await director.sync({ full: true })
  assert.deepEqual(changes, [])
  assert.deepEqual(plane.made, [])
})

test('an endpoint change makes that change alone, and reads nothing', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  const looks = plane.observations
  plane.take()
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  await director.sync()
  assert.deepEqual(texts(plane), [`+ server ${key} -> 10.180.0.2:80 masquerade weight 1`])
  assert.equal(plane.observations, looks)
})

test('once started, wishes are programmed without being asked, those of one turn together', async (context) => {
  const { plane, director } = setUp(context)
  await director.start()
  const passes: number[] = []
  director.on('synced', ({ changes }) => passes.push(changes))
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await once(director, 'synced')
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
  assert.equal(passes.length, 1)
})

test('no address is bound while rules cannot be written, and all are when they can be', async (context) => {
  const { plane, director } = setUp(context)
  const addresses = (): string[] => [...(plane.kernel.link?.addresses ?? [])]
  plane.refuse = ({ type }) => (type === 'writeRules' ? 'ERR_IPTABLES' : undefined)
  director.upsertService(service())
  await director.sync()
  assert.deepEqual(addresses(), [])
  assert.ok(director.status().troubled.has('ns/svc'))
  // The rules are not due to be tried again yet, and the new address must not come without them all the same.
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  await director.sync()
  assert.deepEqual(addresses(), [])
  plane.refuse = () => undefined
  director.upsertService(service({ name: 'third', clusterIP: '10.20.30.43' }))
  await director.sync()
  assert.deepEqual(addresses().sort(), ['10.20.30.41', '10.20.30.42', '10.20.30.43'])
})

test('a plain service is taken and removed where a Kubernetes one is', async (context) => {
  const { plane, director } = setUp(context)
  const plain = { protocol: 'tcp', address: '198.51.100.1', port: 80, servers: [] } as const
  director.upsertService(plain)
  await director.sync()
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 198.51.100.1:80'])
  director.removeService(plain)
  await director.sync()
  assert.equal(plane.kernel.services.size, 0)
})

test('a node that cannot serve one family serves the other, and says why', async (context) => {
  const { plane, director } = setUp(context, { families: ['inet', 'inet6'] })
  const told: string[] = []
  director.on('unavailable', ({ family, reason }) => told.push(`${family}: ${reason}`))
  plane.facts_ = { ...plane.facts_, unavailable: { inet6: 'no ip6tables' } }
  director.upsertService(service({ clusterIPs: ['10.20.30.41', 'fd00::41'] }))
  await director.sync({ full: true })
  await director.sync({ full: true })
  assert.deepEqual([...plane.kernel.services.keys()], [key])
  assert.deepEqual(told, ['inet6: no ip6tables'])
  assert.deepEqual([...director.status().unavailable], [['inet6', 'no ip6tables']])
  plane.facts_ = { ...plane.facts_, unavailable: {} }
  await director.sync({ full: true })
  assert.deepEqual([...plane.kernel.services.keys()].sort(), [key, 'tcp [fd00::41]:80'])
  assert.equal(director.status().unavailable.size, 0)
})

test('a plan changes nothing and reads like a diff', async (context) => {
  const { plane, director } = setUp(context)
  await director.sync()
  plane.take()
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  const planned = await director.plan()
  assert.deepEqual(plane.made, [])
  assert.deepEqual(
    String(planned)
      .split('\n')
      .filter((line) => !line.includes('rules')),
    [
      '+ entry KUBE-CLUSTER-IP 10.20.30.41,tcp:80',
      '+ entry KUBE-IPVS-IPS 10.20.30.41',
      `+ service ${key} rr`,
      `+ server ${key} -> 10.180.0.1:80 masquerade weight 1`,
      '+ address 10.20.30.41 kube-ipvs0',
      '',
    ],
  )
  await director.sync()
  assert.equal(String(await director.plan()), '')
})

test('what others change is drift: seen, told and repaired when everything is looked at', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  await director.sync()
  plane.kernel.apply({ type: 'removeEntry', set: 'KUBE-CLUSTER-IP', entry: '10.20.30.41,tcp:80' })
  plane.kernel.apply({ type: 'removeAddress', link: 'kube-ipvs0', address: '10.20.30.41' })
  plane.kernel.apply({ type: 'addEntry', set: 'KUBE-IPVS-IPS', entry: '9.9.9.9' })
  plane.take()
  const told: string[][] = []
  director.on('drift', ({ changes }) => told.push(changes.map(describeChange)))
  await director.sync()
  assert.deepEqual(plane.made, [])
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  await director.sync({ full: true })
  assert.deepEqual(told, [
    [
      '+ entry KUBE-CLUSTER-IP 10.20.30.41,tcp:80',
      '+ address 10.20.30.41 kube-ipvs0',
      '- entry KUBE-IPVS-IPS 9.9.9.9',
    ],
  ])
  assert.equal(plane.kernel.services.size, 2)
})

test('a removed TCP endpoint drains at weight 0 and leaves when it is idle', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  await director.sync()
  plane.connectionsEach = 1
  const draining = once(director, 'draining')
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  await draining
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1, '10.180.0.2': 0 })
  await director.checkDrains()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1, '10.180.0.2': 0 })
  assert.equal(director.status().draining.length, 1)
  plane.connectionsEach = 0
  await director.checkDrains()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
  assert.deepEqual((await director.sync({ full: true })).drift, [])
})

test('a draining endpoint that comes back gets its weight back', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  director.upsertEndpointSlice(slice([]))
  await director.sync()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 0 })
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  await director.checkDrains()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
})

test('draining goes on after a restart', async (context) => {
  const first = setUp(context)
  first.plane.connectionsEach = 1
  first.director.upsertService(service())
  first.director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  await first.director.sync()
  first.director.upsertEndpointSlice(slice(['10.180.0.1']))
  await first.director.sync()
  await first.director.stop()

  const { plane, director } = setUp(context, {}, first.plane)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1, '10.180.0.2': 0 })
  assert.equal(director.status().draining.length, 1)
  plane.connectionsEach = 0
  await director.checkDrains()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
})

test('weights that somebody set to 0 are put right after a restart', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  const server = { address: '10.180.0.1', port: 80, weight: 0 }
  plane.kernel.apply({
    type: 'updateServer',
    key,
    service: { protocol: 'tcp', address: '10.20.30.41', port: 80 },
    serverKey: '10.180.0.1:80',
    server,
  })
  const again = setUp(context, {}, plane)
  again.director.upsertService(service())
  again.director.upsertEndpointSlice(slice(['10.180.0.1']))
  await again.director.sync()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
})

test('a service that the kernel refuses does not take others down, is named, and succeeds later', async (context) => {
  const { plane, director } = setUp(context)
  plane.refuse = (change) =>
    'key' in change && change.key === key && change.type === 'addService' ? 'ENOMEM' : undefined
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  const failures: (readonly string[])[] = []
  director.on('failed', ({ owners }) => failures.push(owners))
  const { failed } = await director.sync()
  assert.ok(failed.length > 0)
  assert.ok(plane.kernel.services.has('tcp 10.20.30.42:80'))
  assert.ok(failures.every((owners) => owners.includes('ns/svc')))
  assert.deepEqual([...director.status().troubled.keys()], ['ns/svc'])
  assert.deepEqual(
    [...(plane.kernel.link?.addresses ?? [])],
    ['10.20.30.42'],
    'no address without its service',
  )
  plane.refuse = () => undefined
  await director.sync({ full: true })
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
  assert.ok(plane.kernel.link?.addresses.has('10.20.30.41'))
  assert.equal(director.status().troubled.size, 0)
})

test('a new service is made without the server that is refused, which is tried again', async (context) => {
  const { plane, director } = setUp(context)
  plane.refuse = (change) =>
    change.type === 'addServer' && change.serverKey === '10.180.0.1:80' ? 'EINVAL' : undefined
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  const { failed } = await director.sync()
  assert.deepEqual(
    failed.map(({ change }) => describeChange(change)),
    [`+ server ${key} -> 10.180.0.1:80 masquerade weight 1`],
  )
  assert.deepEqual(serversOf(plane), { '10.180.0.2': 1 })
  assert.deepEqual([...director.status().troubled.keys()], ['ns/svc'])
  plane.refuse = () => undefined
  await director.sync({ full: true })
  assert.deepEqual(serversOf(plane), { '10.180.0.2': 1, '10.180.0.1': 1 })
  assert.equal(director.status().troubled.size, 0)
})

test('where services may be added and servers may not, a new service has none', async (context) => {
  const { plane, director } = setUp(context, {
    allowedChanges: ['createSet', 'createLink', 'addEntry', 'writeRules', 'addService', 'addAddress'],
  })
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  const { withheld } = await director.sync()
  assert.deepEqual(serversOf(plane), {})
  assert.ok(withheld.map(describeChange).includes(`+ server ${key} -> 10.180.0.1:80 masquerade weight 1`))
})

test('what failed is tried again by itself once started', async (context) => {
  const { plane, director } = setUp(context)
  await director.start()
  let refusals = 2
  plane.refuse = (change) => (change.type === 'writeRules' && refusals-- > 0 ? 'ERR_IPTABLES' : undefined)
  director.upsertService(service())
  await once(director, 'failed')
  assert.deepEqual([...director.status().troubled.keys()], ['', 'ns/svc'])
  while (director.status().troubled.size > 0) await once(director, 'synced')
  assert.equal(refusals, -1)
})

test('a server that somebody added before us is taken over', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  await director.sync()
  const server = { address: '10.180.0.1', port: 80, weight: 7 }
  plane.kernel.apply({
    type: 'addServer',
    key,
    service: { protocol: 'tcp', address: '10.20.30.41', port: 80 },
    serverKey: '10.180.0.1:80',
    server,
  })
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  const { failed } = await director.sync()
  assert.equal(failed.length, 1)
  await director.sync()
  assert.deepEqual(serversOf(plane), { '10.180.0.1': 1 })
  assert.equal(director.status().troubled.size, 0)
})

test('a set that outgrows its size is replaced by a larger one before it is full', async (context) => {
  const { plane, director } = setUp(context, { maxElements: 2 })
  for (const last of [1, 2, 3])
    director.upsertService(service({ name: `s${last}`, clusterIP: `10.20.30.${last}` }))
  await director.sync()
  assert.equal(plane.kernel.sets.get('KUBE-CLUSTER-IP')?.definition.maxElements, 4)
  plane.take()
  for (const last of [4, 5])
    director.upsertService(service({ name: `s${last}`, clusterIP: `10.20.30.${last}` }))
  await director.sync()
  const made = plane.take('growSet', 'addEntry')
  assert.deepEqual(
    made.map(({ type }) => type),
    ['growSet', 'growSet', 'addEntry', 'addEntry', 'addEntry', 'addEntry'],
  )
})

test('changes that are not allowed are reported and not made', async (context) => {
  const { plane, director } = setUp(context, { allowedChanges: ['addServer', 'removeServer'] })
  director.upsertService(service())
  const { withheld } = await director.sync()
  assert.deepEqual(plane.made, [])
  assert.ok(withheld.some(({ type }) => type === 'addService'))
  assert.ok(director.status().withheld.length > 0)
})

test('new addresses of the node are noticed at the next look at everything', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service({ type: 'NodePort', ports: [{ port: 80, nodePort: 3001 }] }))
  await director.sync()
  plane.facts_ = {
    ...plane.facts_,
    addresses: [...plane.facts_.addresses, { interface: 'eth1', address: '192.0.2.20' }],
  }
  await director.sync({ full: true })
  assert.ok(plane.kernel.services.has('tcp 192.0.2.20:3001'))
})

test('how long it took until endpoints were programmed is told, service by service', async (context) => {
  const { plane, director } = setUp(context)
  const told: string[] = []
  director.on('endpointProgrammed', ({ service: name, latencyMs }) => {
    assert.ok(latencyMs >= 0)
    told.push(name)
  })
  plane.refuse = (change) => (change.type === 'addServer' ? 'ENOMEM' : undefined)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  assert.deepEqual(told, [])
  plane.refuse = () => undefined
  await director.sync({ full: true })
  assert.deepEqual(told, ['ns/svc'])
})

test('stopping leaves the kernel as it is and gives back what this process holds', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  await director.start()
  const before = plane.kernel.services.size
  await director.stop()
  assert.equal(plane.kernel.services.size, before)
  assert.ok(plane.closed)
  director.removeService('ns/svc')
  await new Promise(setImmediate)
  assert.equal(plane.kernel.services.size, before)
})

test('a pass that fails as a whole is an event, and the next one looks at everything', async (context) => {
  const { plane, director } = setUp(context)
  await director.start()
  const make = plane.make.bind(plane)
  plane.make = () => Promise.reject(new Error('the kernel is closed'))
  director.upsertService(service())
  const [failure] = (await once(director, 'failed')) as [{ error: Error }]
  assert.equal(failure.error.message, 'the kernel is closed')
  plane.make = make
  await director.sync()
  assert.ok(plane.kernel.services.has(key))
})
