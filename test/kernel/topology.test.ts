/** Topologies on this machine's own kernel, in namespaces of their own. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import { directorNetwork, type LabError, Topology } from '../../lib/lab/index.js'
import { InvalidArgumentError } from '../../lib/errors.js'

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
