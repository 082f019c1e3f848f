/**
 * What the tables promise, tried with packets: a client outside, a node with a director, and pods behind its bridge.
 * rs1 is a pod of this node; rs2 to rs4 count as pods of another one.
 */
import assert from 'node:assert/strict'
import test, { after, afterEach, before } from 'node:test'
import {
  Director,
  type DirectorSettings,
  type KubernetesService,
  openKernel,
  type Kernel,
} from '../../lib/index.js'
import { directorNetwork, type Namespace, Topology } from '../../lib/lab/index.js'
import { type EndpointInput, service, slice } from '../conformance/row.js'

const node = '10.1.0.1'
const clusterAddress = '10.96.0.10'
const externalAddress = '10.1.0.100'
const balancerAddress = '10.1.0.200'
const ports = [{ name: 'p80', port: 80, nodePort: 30080 }]
const pod = (index: number): EndpointInput => ({ at: `10.2.0.1${index}`, local: index === 1 })

let topology: Topology
let kernel: Kernel
let director: Director | undefined
const at = (name: string): Namespace => topology.namespace(name)

before(async () => {
  topology = await Topology.create(directorNetwork({ servers: 4, virtualAddresses: [] }))
  for (const address of [externalAddress, balancerAddress]) {
    await at('client').addRoute({ to: `${address}/32`, via: node })
  }
  // What network plugins do, so that a pod may reach itself: its own packets come back to it through its bridge port.
  await at('director').ip(['link set dev rs1 type bridge_slave hairpin on'])
  kernel = await openKernel({ netns: at('director').path })
})
afterEach(() => director?.cleanup())
after(async () => {
  await kernel.close()
  await topology.close()
})

async function direct(
  wanted: KubernetesService,
  pods: readonly EndpointInput[],
  settings: DirectorSettings = {},
): Promise<Director> {
  director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    netns: at('director').path,
    ...settings,
  })
  director.upsertService(wanted)
  director.upsertEndpointSlice(slice(pods))
  const { failed } = await director.sync()
  assert.deepEqual(
    failed.map(({ error }) => error.message),
    [],
  )
  return director
}

/** Who answered, and whom the answering server took for the client. */
async function ask(
  from: string,
  address: string,
  port = 80,
): Promise<{ server: string | undefined; client: string | undefined }> {
  const { status, backend } = await at(from).request(`http://${address}:${port}/`)
  assert.equal(status, 200)
  return { server: backend?.server, client: backend?.client }
}

const refused = (from: string, address: string, port = 80): Promise<void> =>
  assert.rejects(at(from).request(`http://${address}:${port}/`, { timeoutSeconds: 2 }), {
    code: 'ERR_LAB_REQUEST',
  })

const exposed = (more: Parameters<typeof service>[0] = {}): KubernetesService =>
  service({
    clusterIP: clusterAddress,
    type: 'LoadBalancer',
    ports,
    externalIPs: [externalAddress],
    ingress: [balancerAddress],
    ...more,
  })

test('from outside, every address of a service leads to its servers in turn, with the node as source', async () => {
  await direct(exposed(), [pod(1), pod(2)])
  for (const [address, port] of [
    [externalAddress, 80],
    [balancerAddress, 80],
    [node, 30080],
  ] as const) {
    const answers = [await ask('client', address, port), await ask('client', address, port)]
    assert.deepEqual(answers.map(({ server }) => server).sort(), ['rs1', 'rs2'])
    assert.deepEqual(
      answers.map(({ client }) => client),
      ['10.2.0.1', '10.2.0.1'],
    )
  }
})

test('Local policies reach pods of this node only, and keep the client’s address', async () => {
  await direct(exposed({ externalTrafficPolicy: 'Local' }), [pod(1), pod(2)])
  for (const [address, port] of [
    [externalAddress, 80],
    [balancerAddress, 80],
    [node, 30080],
  ] as const) {
    for (let count = 0; count < 2; count++) {
      assert.deepEqual(await ask('client', address, port), { server: 'rs1', client: '10.1.0.2' })
    }
  }
})

test('source ranges let in whom they name, and nobody else', async () => {
  await direct(exposed({ loadBalancerSourceRanges: ['10.1.0.0/24'] }), [pod(1)])
  assert.equal((await ask('client', balancerAddress)).server, 'rs1')
  const running = director
  running?.upsertService(exposed({ loadBalancerSourceRanges: ['192.0.2.0/24'] }))
  await running?.sync()
  await refused('client', balancerAddress)
  // Ranges are about the balancer's address alone.
  assert.equal((await ask('client', externalAddress)).server, 'rs1')
  await refused('director', balancerAddress)
})

test('the node itself reaches a cluster address', async () => {
  await direct(exposed(), [pod(1), pod(2)])
  const answers = [await ask('director', clusterAddress), await ask('director', clusterAddress)]
  assert.deepEqual(answers.map(({ server }) => server).sort(), ['rs1', 'rs2'])
})

test('a pod reaches a cluster address, also when it is its own only server', async () => {
  await direct(exposed(), [pod(1)], { masqueradeAll: true })
  assert.equal((await ask('rs2', clusterAddress)).server, 'rs1')
  assert.deepEqual(await ask('rs1', clusterAddress), { server: 'rs1', client: '10.2.0.1' })
})

test('a hairpin works by the loopback set alone', async () => {
  await direct(exposed(), [pod(1)])
  assert.deepEqual(await ask('rs1', clusterAddress), { server: 'rs1', client: '10.2.0.1' })
})

test('client affinity keeps a client at one server', async () => {
  await direct(exposed({ sessionAffinity: 'ClientIP' }), [pod(1), pod(2)])
  const answers = new Set<string | undefined>()
  for (let count = 0; count < 4; count++) answers.add((await ask('client', externalAddress)).server)
  assert.equal(answers.size, 1)
})

test('ports of the host are not reachable through a virtual address', async () => {
  await direct(exposed(), [pod(1)])
  const host = await at('director').serve({ protocol: 'http', port: 8088 })
  try {
    assert.equal((await ask('client', node, 8088)).server, 'director')
    await refused('client', externalAddress, 8088)
  } finally {
    await host.close()
  }
})

test('virtual addresses answer ping where that was asked for', async () => {
  const ping = async () => {
    const { exitCode, stdout } = await at('client').run([
      'busybox',
      'ping',
      '-c',
      '1',
      '-W',
      '2',
      externalAddress,
    ])
    assert.match(stdout, /1 packets transmitted/)
    return exitCode
  }
  await direct(exposed(), [pod(1)])
  assert.notEqual(await ping(), 0)
  await director?.cleanup()
  await direct(exposed(), [pod(1)], { answerPing: true })
  assert.equal(await ping(), 0)
})

test('replacing all endpoints while requests run loses none of them', async () => {
  const running = await direct(exposed(), [pod(1), pod(2)])
  const servers = new Set<string | undefined>()
  let going = true
  const load = async (): Promise<void> => {
    while (going) servers.add((await ask('client', externalAddress)).server)
  }
  const loads = [load(), load(), load()]
  for (const pods of [
    [pod(2), pod(3)],
    [pod(3), pod(4)],
    [pod(4), pod(1)],
    [pod(1), pod(2)],
    [pod(3), pod(4)],
  ]) {
    running.upsertEndpointSlice(slice(pods))
    const { failed } = await running.sync()
    assert.deepEqual(failed, [])
    for (let count = 0; count < 4; count++) await ask('client', externalAddress)
    await running.checkDrains()
  }
  going = false
  await Promise.all(loads)
  assert.deepEqual([...servers].sort(), ['rs1', 'rs2', 'rs3', 'rs4'])
})
