import assert from 'node:assert/strict'
import test from 'node:test'
import { service } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'

test('with the prefix KUBE- the table is ours: other services go, those in excluded prefixes stay', async (context) => {
  const { plane, director } = setUp(context, { excludeCidrs: ['192.0.2.0/24'] })
  for (const address of ['192.0.2.1', '203.0.113.1']) {
    const foreign = { protocol: 'tcp' as const, address, port: 80, scheduler: 'wlc' }
    plane.kernel.services.set(`tcp ${address}:80`, { service: foreign, servers: new Map() })
  }
  plane.kernel.link = { name: 'kube-ipvs0', addresses: new Set(['192.0.2.1', '203.0.113.1']) }
  await director.sync()
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 192.0.2.1:80'])
  assert.deepEqual([...plane.kernel.link.addresses], ['192.0.2.1'])
})

test('with another prefix foreign services stay, and ours still go when nobody wants them', async (context) => {
  const first = setUp(context, { prefix: 'LU-' })
  const { plane } = first
  const foreign = { protocol: 'tcp' as const, address: '203.0.113.1', port: 80, scheduler: 'wlc' }
  plane.kernel.services.set('tcp 203.0.113.1:80', { service: foreign, servers: new Map() })
  first.director.upsertService(service())
  await first.director.sync()
  await first.director.stop()
  const { director } = setUp(context, { prefix: 'LU-' }, plane)
  await director.sync()
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 203.0.113.1:80'])
})

test('cleaning up removes exactly what is ours', async (context) => {
  const { plane, director } = setUp(context, { families: ['inet', 'inet6'] })
  const foreign = { protocol: 'tcp' as const, address: '203.0.113.1', port: 80, scheduler: 'wlc' }
  director.upsertService(
    service({
      clusterIPs: ['10.20.30.41', 'fd00::41'],
      type: 'NodePort',
      ports: [{ port: 80, nodePort: 3001 }],
    }),
  )
  await director.sync()
  plane.kernel.services.set('tcp 203.0.113.1:80', { service: foreign, servers: new Map() })
  plane.kernel.sets.set('OTHER', {
    definition: {
      name: 'OTHER',
      role: 'IPVS-IPS',
      type: 'hash:ip',
      family: 'inet',
      hashSize: 64,
      maxElements: 9,
    },
    entries: new Set(['1.1.1.1']),
  })
  plane.observe = async () => {
    const { sets, ...rest } = plane.kernel
    return { ...rest, sets: new Map([...sets].filter(([name]) => name !== 'OTHER')) }
  }
  await director.cleanup()
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 203.0.113.1:80'])
  assert.deepEqual([...plane.kernel.sets.keys()], ['OTHER'])
  assert.equal(plane.kernel.link, undefined)
  assert.equal(plane.kernel.iptables.size, 0)
})

test('a director that was told nothing cleans up what another left', async (context) => {
  const first = setUp(context)
  first.director.upsertService(service())
  await first.director.sync()
  await first.director.stop()
  await setUp(context, {}, first.plane).director.cleanup()
  const { services, sets, iptables, link } = first.plane.kernel
  assert.deepEqual([services.size, sets.size, iptables.size, link], [0, 0, 0, undefined])
})

/** Of what no rule matches by an entry: theirs is only there to tell whose they are. */
const unfiltered = [
  { fwmark: 7, family: 'inet', servers: [{ address: '10.1.0.1', port: 80 }] },
  { fwmark: 0xfffe0007, family: 'inet6', servers: [{ address: 'fd00::1', port: 80 }] },
  {
    protocol: 'tcp',
    address: '198.51.100.1',
    port: 0,
    persistence: { timeoutSeconds: 60 },
    servers: [{ address: '10.1.0.1' }],
  },
] as const

for (const wished of unfiltered) {
  const name = 'fwmark' in wished ? `a firewall mark, ${wished.family}` : 'every port'
  const settings = { families: ['inet', 'inet6'], prefix: 'LU-' } as const

  test(`a service of ${name} goes with a cleanup`, async (context) => {
    const { plane, director } = setUp(context, { families: ['inet', 'inet6'] })
    director.upsertVirtualService(wished)
    await director.sync()
    assert.equal(plane.kernel.services.size, 1)
    await director.cleanup()
    assert.equal(plane.kernel.services.size, 0)
  })

  test(`with another prefix, a service of ${name} goes when everything is looked at and nobody wishes it`, async (context) => {
    const { plane, director } = setUp(context, settings)
    director.upsertVirtualService(wished)
    await director.sync()
    director.removeVirtualService(wished)
    plane.refuse = ({ type }) => (type === 'removeService' ? 'EBUSY' : undefined)
    await director.sync({ full: true })
    assert.equal(plane.kernel.services.size, 1)
    plane.refuse = () => undefined
    await director.sync({ full: true })
    assert.equal(plane.kernel.services.size, 0)
  })

  for (const next of ['a pass', 'a cleanup'] as const)
    test(`with another prefix, a service of ${name} that a former process left goes with ${next}; a foreign one stays`, async (context) => {
      const former = setUp(context, settings)
      former.director.upsertVirtualService(wished)
      await former.director.sync()
      await former.director.stop()
      const { plane } = former
      const foreign = { fwmark: 8, family: 'inet', scheduler: 'rr' } as const
      const everyPort = { protocol: 'udp', address: '198.51.100.1', port: 0, scheduler: 'rr' } as const
      plane.kernel.services.set('fwmark 8 inet', { service: foreign, servers: new Map() })
      plane.kernel.services.set('udp 198.51.100.1:0', { service: everyPort, servers: new Map() })
      const { director } = setUp(context, settings, plane)
      await (next === 'a pass' ? director.sync() : director.cleanup())
      assert.deepEqual([...plane.kernel.services.keys()], ['fwmark 8 inet', 'udp 198.51.100.1:0'])
    })
}

test('a foreign service whose port is a node port of ours stays, on an address that is not the node’s', async (context) => {
  const { plane, director } = setUp(context, { prefix: 'LU-' })
  const foreign = { protocol: 'tcp' as const, address: '203.0.113.9', port: 30080, scheduler: 'rr' }
  plane.kernel.services.set('tcp 203.0.113.9:30080', { service: foreign, servers: new Map() })
  director.upsertService(service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }))
  await director.sync()
  await director.sync({ full: true })
  assert.ok(plane.kernel.services.has('tcp 203.0.113.9:30080'))
  // A service of ours that a former life left on the node's own address is known, all the same.
  plane.kernel.services.delete('tcp 10.20.30.41:80')
  const next = setUp(context, { prefix: 'LU-' }, plane)
  await next.director.sync()
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 203.0.113.9:30080'])
})
