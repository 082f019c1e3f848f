/** UDP has no end: what conntrack remembers of a server that is gone must be forgotten, or its client meets nobody. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { Director, type FlowsCleaned, openKernel, type Kernel } from '../../lib/index.js'
import { directorNetwork, type Namespace, Topology } from '../../lib/lab/index.js'
import { service, slice } from '../conformance/row.js'

const address = '10.1.0.100'
const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }]

let topology: Topology
let kernel: Kernel
const at = (name: string): Namespace => topology.namespace(name)

before(async () => {
  topology = await Topology.create(
    directorNetwork({ servers: 2, virtualAddresses: [], backends: [{ protocol: 'udp', port: 53 }] }),
  )
  await at('client').addRoute({ to: `${address}/32`, via: '10.1.0.1' })
  kernel = await openKernel({ netns: at('director').path })
})
after(async () => {
  await kernel.close()
  await topology.close()
})

/** Sends one packet, always from the same port, as a name server does: each question is the same flow. */
const client = `
  const socket = require('node:dgram').createSocket('udp4')
  const end = (answer) => { process.stdout.write(answer); process.exit(0) }
  socket.on('message', (message) => end(message.toString()))
  socket.bind(40053, () => socket.send('question', 53, '${address}'))
  setTimeout(() => end('nobody'), 3000)`

async function ask(): Promise<string> {
  const { stdout } = await at('client').run([process.execPath, '-e', client])
  return /"server":"(\w+)"/.exec(stdout)?.[1] ?? stdout
}

const flows = async () => [
  ...(await kernel.conntrack.flows({ protocol: 'udp', original: { destination: address } })),
]

test('a UDP node port answers, with the node as the client’s source; a Local one keeps the client’s', async () => {
  const director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    netns: at('director').path,
  })
  const nodePort = [{ ...ports[0], name: 'dns', port: 53, nodePort: 30053 }]
  director.upsertEndpointSlice(slice([{ at: '10.2.0.11', local: true }], { ports }))
  for (const [externalTrafficPolicy, client] of [
    ['Cluster', '10.2.0.1'],
    ['Local', '10.1.0.2'],
  ] as const) {
    director.upsertService(service({ type: 'NodePort', ports: nodePort, externalTrafficPolicy }))
    assert.deepEqual((await director.sync()).failed, [])
    const answer = await at('client').exchange('udp', '10.1.0.1', 30053, 'question')
    assert.deepEqual([answer.server, answer.client], ['rs1', client])
  }
  await director.cleanup()
})

test('flows to a UDP server that is gone are forgotten, and the next packet reaches one that is there', async () => {
  const director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    netns: at('director').path,
  })
  director.upsertService(service({ ports, externalIPs: [address] }))
  const endpoints = (last: number) => slice([`10.2.0.1${last}`], { ports })
  director.upsertEndpointSlice(endpoints(1))
  assert.deepEqual((await director.sync()).failed, [])
  assert.equal(await ask(), 'rs1')
  assert.deepEqual(
    (await flows()).map(({ reply }) => reply.source),
    ['10.2.0.11'],
  )

  const told: FlowsCleaned[] = []
  director.on('flowsCleaned', (event) => told.push(event))
  director.upsertEndpointSlice(endpoints(2))
  const { changes, failed } = await director.sync()
  assert.deepEqual(failed, [])
  // How many is not ours alone: since Linux 5.9 IPVS drops the flows of a server itself, sometimes before us.
  assert.equal(told.length, 1)
  assert.ok(changes.some(({ type }) => type === 'cleanFlows'))
  assert.deepEqual(await flows(), [])
  // The first packet may meet what IPVS itself remembers of the old server, and ends that.
  const answers = [await ask(), await ask()]
  assert.equal(answers.at(-1), 'rs2')
  assert.deepEqual(
    (await flows()).map(({ reply }) => reply.source),
    ['10.2.0.12'],
  )
  await director.cleanup()
})
