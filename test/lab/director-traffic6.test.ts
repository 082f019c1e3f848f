/** What the tables promise for IPv6, tried with packets: a client outside, a node with a director, two pods behind it. */
import assert from 'node:assert/strict'
import test, { after, afterEach, before } from 'node:test'
import { Director, type Kernel, type KubernetesService, openKernel } from '../../lib/index.js'
import { directorNetwork, type Namespace, Topology } from '../../lib/lab/index.js'
import { service, slice } from '../conformance/row.js'

const node = 'fd01::1'
const client = 'fd01::2'
const nodeToPods = 'fd02::1'
const clusterAddress = 'fd96::10'
const balancerAddress = 'fd01::200'

let topology: Topology
let kernel: Kernel
let director: Director
const at = (name: string): Namespace => topology.namespace(name)

before(async () => {
  topology = await Topology.create(directorNetwork({ servers: 2, virtualAddresses: [] }))
  await at('director').setSysctls({ 'net.ipv6.conf.all.forwarding': 1 })
  await at('director').ip([
    `address add ${node}/64 dev client nodad`,
    `address add ${nodeToPods}/64 dev servers nodad`,
  ])
  await at('client').ip([
    `address add ${client}/64 dev eth0 nodad`,
    `route add ${balancerAddress}/128 via ${node}`,
  ])
  for (const index of [1, 2]) {
    await at(`rs${index}`).ip([
      `address add fd02::1${index}/64 dev eth0 nodad`,
      `route add default via ${nodeToPods}`,
    ])
  }
  kernel = await openKernel({ netns: at('director').path })
})
afterEach(() => director.cleanup())
after(async () => {
  await kernel.close()
  await topology.close()
})

async function direct(more: Parameters<typeof service>[0] = {}): Promise<void> {
  director = new Director(kernel, {
    families: ['inet6'],
    nodeName: 'test-node',
    netns: at('director').path,
  })
  await wish(more)
}

async function wish(more: Parameters<typeof service>[0]): Promise<void> {
  const wanted: KubernetesService = service({
    clusterIP: clusterAddress,
    type: 'LoadBalancer',
    ports: [{ name: 'p80', port: 80, nodePort: 30080 }],
    ingress: [balancerAddress],
    ...more,
  })
  director.upsertService(wanted)
  director.upsertEndpointSlice(slice([{ at: 'fd02::11', local: true }, 'fd02::12']))
  assert.deepEqual((await director.sync()).failed, [])
}

async function ask(from: string, address: string, port = 80): Promise<[server: unknown, client: unknown]> {
  const { status, backend } = await at(from).request(`http://[${address}]:${port}/`, { timeoutSeconds: 5 })
  assert.equal(status, 200)
  return [backend?.server, backend?.client]
}

test('the node reaches a cluster address of IPv6, and each server in turn', async () => {
  await direct()
  const answers = [await ask('director', clusterAddress), await ask('director', clusterAddress)]
  assert.deepEqual(answers.map(([server]) => server).sort(), ['rs1', 'rs2'])
})

test('a node port of IPv6 answers with the node as source; a Local one keeps the client’s address', async () => {
  await direct()
  const answers = [await ask('client', node, 30080), await ask('client', node, 30080)]
  assert.deepEqual(answers.sort(), [
    ['rs1', nodeToPods],
    ['rs2', nodeToPods],
  ])
  await wish({ externalTrafficPolicy: 'Local' })
  assert.deepEqual(await ask('client', node, 30080), ['rs1', client])
})

test('source ranges of IPv6 let in whom they name, and nobody else', async () => {
  await direct({ loadBalancerSourceRanges: ['fd01::/64'] })
  assert.ok(['rs1', 'rs2'].includes(String((await ask('client', balancerAddress))[0])))
  await wish({ loadBalancerSourceRanges: ['2001:db8::/32'] })
  await assert.rejects(at('client').request(`http://[${balancerAddress}]:80/`, { timeoutSeconds: 2 }), {
    code: 'ERR_LAB_REQUEST',
  })
})
