/** Topologies on this machine's own kernel, in namespaces of their own. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { directorNetwork, type LabError, Topology, type TopologySpec } from '../../lib/lab/index.js'
import { waitForCarrier } from '../../lib/lab/topology/carrier.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { openKernel } from '../../lib/index.js'

const skip = process.getuid?.() === 0 ? false : 'namespaces need root'

test('a request crosses the director and says who asked and who answered', { skip }, async () => {
  const topology = await Topology.create(directorNetwork({ servers: 1 }))
  const path = topology.namespace('rs1').path
  try {
    assert.ok(existsSync(path))
    const { status, backend } = await topology.namespace('client').request('http://10.2.0.11/a/path')
    assert.equal(status, 200)
    assert.deepEqual(
      { ...backend, clientPort: 0 },
      { server: 'rs1', client: '10.1.0.2', clientPort: 0, address: '10.2.0.11', port: 80, echo: '/a/path' },
    )
  } finally {
    await topology.close()
  }
  assert.equal(existsSync(path), false)
})

test('a server that was closed answers no more', { skip }, async () => {
  const topology = await Topology.create(directorNetwork({ servers: 1, backends: [] }))
  try {
    const server = await topology.namespace('rs1').serve({ protocol: 'tcp', port: 7, name: 'echo' })
    const client = topology.namespace('client')
    assert.equal((await client.exchange('tcp', '10.2.0.11', 7, 'x')).server, 'echo')
    await server.close()
    await assert.rejects(client.exchange('tcp', '10.2.0.11', 7, 'x'), { code: 'ERR_LAB_REQUEST' })
  } finally {
    await topology.close()
  }
})

test('each datagram comes from another port, for as long as there are others', { skip }, async () => {
  const topology = await Topology.create(
    directorNetwork({ servers: 1, backends: [{ protocol: 'udp', port: 53 }] }),
  )
  try {
    const client = topology.namespace('client')
    await client.setSysctls({ 'net.ipv4.ip_local_port_range': '40000 40007' })
    const ports: number[] = []
    for (let request = 0; request < 12; request++)
      ports.push((await client.exchange('udp', '10.2.0.11', 53, 'x')).clientPort)
    assert.equal(new Set(ports.slice(0, 8)).size, 8, ports.join(' '))
    assert.equal(new Set(ports.slice(8)).size, 4, ports.join(' '))
  } finally {
    await topology.close()
  }
})

test('addresses, routes and sysctls change while it stands', { skip }, async () => {
  const topology = await Topology.create({ namespaces: { a: {}, b: {} }, wires: [['a:eth0', 'b:eth0']] })
  try {
    const [a, b] = [topology.namespace('a'), topology.namespace('b')]
    await a.addAddress('eth0', '10.9.0.1/24')
    await b.addAddress('eth0', '10.9.0.2/24')
    await b.addRoute({ to: 'default', via: '10.9.0.1' })
    await a.setSysctls({ 'net.ipv4.ip_forward': 1 })
    assert.equal((await a.run(['cat', '/proc/sys/net/ipv4/ip_forward'])).stdout, '1\n')
    assert.match((await b.run(['ip', 'route'])).stdout, /^default via 10\.9\.0\.1/)
    await a.removeAddress('eth0', '10.9.0.1/24')
    assert.doesNotMatch((await a.run(['ip', 'address'])).stdout, /10\.9\.0\.1/)
  } finally {
    await topology.close()
  }
})

test('links carry traffic, and bridges their ports’, from the moment that it stands', { skip }, async () => {
  const spec: TopologySpec = {
    namespaces: { host: { bridges: { br0: ['to-a', 'to-b'] } }, a: {}, b: {} },
    wires: [
      ['host:to-a', 'a:eth0'],
      ['host:to-b', 'b:eth0'],
    ],
  }
  // Without waiting, the kernel is found at it in about one of three.
  for (let time = 0; time < 4; time++) {
    const topology = await Topology.create(spec)
    try {
      const states = await statesIn(topology.namespace('host').path)
      assert.ok(['up', 'unknown'].includes(states['br0'] ?? ''), JSON.stringify(states))
      assert.deepEqual([states['to-a'], states['to-b']], ['up', 'up'])
    } finally {
      await topology.close()
    }
  }
})

test('a link whose other end is off does not come up, and is named', { skip }, async () => {
  const topology = await Topology.create({ namespaces: { a: {}, b: {} }, wires: [['a:eth0', 'b:eth0']] })
  try {
    const { path } = topology.namespace('a')
    await topology.namespace('b').ip(['link set dev eth0 down'])
    // The kernel works that out at its leisure, too.
    for (const end = Date.now() + 5_000; Date.now() < end && (await statesIn(path))['eth0'] === 'up';)
      await delay(20)
    await assert.rejects(waitForCarrier(path, ['eth0'], 100), {
      code: 'ERR_LAB_TOPOLOGY',
      message: /^after 0.1 s eth0 is (down|lower-layer-down)/,
    })
  } finally {
    await topology.close()
  }
})

test('a link may have the name of a word of ip', { skip }, async () => {
  const spec: TopologySpec = {
    namespaces: { one: { bridges: { mtu: ['a'] } }, other: {} },
    wires: [['one:a', 'other:address']],
  }
  const topology = await Topology.create(spec)
  try {
    assert.equal((await statesIn(topology.namespace('other').path))['address'], 'up')
  } finally {
    await topology.close()
  }
})

async function statesIn(netns: string): Promise<Record<string, string>> {
  const kernel = await openKernel({ netns })
  try {
    return Object.fromEntries(
      (await kernel.links.list()).map(({ name, operationalState }) => [name, operationalState]),
    )
  } finally {
    await kernel.close()
  }
}

test('what the kernel refuses is an error, and leaves nothing behind', { skip }, async () => {
  const spec = { namespaces: { only: { routes: [{ to: 'default', via: '10.99.0.1' }] } } }
  await assert.rejects(Topology.create(spec, { prefix: 'lab-refused' }), (error: LabError) => {
    assert.equal(error.code, 'ERR_LAB_TOPOLOGY')
    assert.match(error.message, /ip returned \d+: .*(unreachable|invalid gateway)/i)
    return true
  })
  assert.equal(existsSync('/run/netns/lab-refused-only'), false)
})

test('a description that is not sound is refused before anything is made', async () => {
  const unsound = [
    { namespaces: { 'a b': {} } },
    { namespaces: { a: { addresses: { eth0: ['10.0.0.1'] } } } },
    { namespaces: { a: { dummies: ['x\nlink'] } } },
    { namespaces: { a: {} }, wires: [['a:eth0', 'b:eth0']] as [string, string][] },
  ]
  for (const spec of unsound) await assert.rejects(Topology.create(spec), InvalidArgumentError)
})
