/** Kubernetes services whose servers answer clients directly, tried with packets on one subnet. */
import assert from 'node:assert/strict'
import test, { after, afterEach, before } from 'node:test'
import { annotations, Director, type Kernel, type KubernetesService, openKernel } from '../../lib/index.js'
import { flatNetwork, type Namespace, Topology } from '../../lib/lab/index.js'
import { service, slice } from '../conformance/row.js'

const virtual = '10.0.0.161'
const servers = ['10.0.0.42', '10.0.0.78']

let topology: Topology
let kernel: Kernel
let director: Director
const at = (name: string): Namespace => topology.namespace(name)

before(async () => {
  topology = await Topology.create(flatNetwork({ director: '10.0.0.160', servers }))
  for (const name of ['rs1', 'rs2']) {
    // Servers have the virtual address too, and must not tell the subnet.
    await at(name).setSysctls({ 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
    await at(name).ip([`address add ${virtual}/32 dev lo`])
  }
  kernel = await openKernel({ netns: at('director').path })
})
afterEach(() => director.cleanup())
after(async () => {
  await kernel.close()
  await topology.close()
})

async function direct(wanted: KubernetesService): Promise<void> {
  director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    netns: at('director').path,
    forwarding: 'direct',
    masqueradeAll: true,
  })
  director.upsertService(wanted)
  director.upsertEndpointSlice(slice(servers))
  assert.deepEqual((await director.sync()).failed, [])
}

async function assertAnswered(): Promise<void> {
  const answers = []
  for (let count = 0; count < 2; count++) {
    const { status, backend } = await at('client').request(`http://${virtual}:80/`, { timeoutSeconds: 3 })
    assert.equal(status, 200)
    answers.push(backend)
  }
  assert.deepEqual(answers.map((answer) => answer?.server).sort(), ['rs1', 'rs2'])
  assert.deepEqual(
    answers.map((answer) => answer?.client),
    ['10.0.0.8', '10.0.0.8'],
  )
}

for (const [kind, wanted] of [
  ['an external address', service({ externalIPs: [virtual] })],
  ['a balancer address', service({ type: 'LoadBalancer', ingress: [virtual] })],
  ['a cluster address', service({ clusterIP: virtual, annotations: { [annotations.scheduler]: 'wrr' } })],
] as const) {
  test(`servers behind ${kind} answer clients directly, and see their addresses`, async () => {
    await direct(wanted)
    await assertAnswered()
  })
}
