/** Which UDP flows are cleaned up, and how often conntrack's table is walked for it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  emptyState,
  type FlowsCleaned,
  type Kernel,
  KernelPlane,
  type KernelState,
  serviceKeyText,
} from '../../../lib/index.js'
import { resolveOptions } from '../../../lib/director/options.js'
import { cleanFlows, type FlowTable, readStaleFlows } from '../../../lib/director/plane/clean-flows.js'
import type { FlowEnds } from '../../../lib/director/plane/flows.js'

/** A table that notes what it is asked. */
class Table implements FlowTable {
  walks = 0
  readonly deleted: string[] = []

  constructor(private readonly entries: readonly FlowEnds[]) {}

  async *flows(): AsyncGenerator<FlowEnds> {
    this.walks += 1
    yield* this.entries
  }

  async delete({ original, reply }: Parameters<FlowTable['delete']>[0]): Promise<{ deleted: number }> {
    this.deleted.push(`${original?.destination} at ${reply?.source}`)
    return { deleted: 2 }
  }
}

const flow = (to: string, at: string): FlowEnds => ({
  original: { source: '10.9.0.1', destination: to, sourcePort: 4000, destinationPort: 53 },
  reply: { source: at, destination: '10.9.0.1', sourcePort: 53, destinationPort: 4000 },
})

const dns = (last: number) => ({ protocol: 'udp' as const, address: `10.96.0.${last}`, port: 53 })

/** Services 1 to `count`, each with the server 10.1.0.1. */
function planned(count: number): KernelState {
  const server = { address: '10.1.0.1', port: 53 }
  const services = Array.from({ length: count }, (_, index) => dns(index + 1)).map(
    (service) => [serviceKeyText(service), { service, servers: new Map([['10.1.0.1:53', server]]) }] as const,
  )
  return { ...emptyState(), services: new Map(services) }
}

test('the flows of many services are found in one walk of the table', async () => {
  const table = new Table([
    flow('10.96.0.1', '10.1.0.9'),
    flow('10.96.0.2', '10.1.0.1'),
    flow('10.96.0.3', '10.1.0.8'),
  ])
  const services = Array.from({ length: 100 }, (_, index) => dns(index + 1))
  assert.equal(await cleanFlows(table, services, planned(100)), 4)
  assert.equal(table.walks, 1)
  assert.deepEqual(table.deleted, ['10.96.0.1 at 10.1.0.9', '10.96.0.3 at 10.1.0.8'])
})

test('a plane tells how many flows it deleted, once for all services of a step', async () => {
  const table = new Table([flow('10.96.0.1', '10.1.0.9'), flow('10.96.0.2', '10.1.0.8')])
  const plane = new KernelPlane({ conntrack: table } as unknown as Kernel, resolveOptions())
  const told: FlowsCleaned[] = []
  plane.watchFlows((event) => told.push(event))
  const changes = [dns(1), dns(2)].map(
    (service) => ({ type: 'cleanFlows', key: serviceKeyText(service), service }) as const,
  )
  assert.deepEqual(await plane.make(changes, planned(2)), [])
  assert.deepEqual(
    told.map(({ deleted }) => deleted),
    [4],
  )
})

test('only flows of the services that were asked about are cleaned', async () => {
  const table = new Table([flow('10.96.0.1', '10.1.0.9'), flow('10.96.0.2', '10.1.0.9')])
  await cleanFlows(table, [dns(1), dns(3)], planned(3))
  assert.deepEqual(table.deleted, ['10.96.0.1 at 10.1.0.9'])
})

test('of a service that is gone, flows that a server answered are stale; flows to the address itself are not', async () => {
  const table = new Table([flow('10.96.0.9', '10.1.0.1'), flow('10.96.0.9', '10.96.0.9')])
  await cleanFlows(table, [dns(9)], planned(1))
  assert.deepEqual(table.deleted, ['10.96.0.9 at 10.1.0.1'])
})

test('a look at everything finds the planned services with stale flows, and nobody else’s', async () => {
  const table = new Table([
    flow('10.96.0.1', '10.1.0.9'),
    flow('10.96.0.2', '10.1.0.1'),
    flow('203.0.113.1', '10.1.0.9'),
  ])
  const found = await readStaleFlows(table, planned(2))
  assert.deepEqual([...found], [['udp 10.96.0.1:53', dns(1)]])
})

test('without UDP services the table is not walked', async () => {
  const table = new Table([])
  await readStaleFlows(table, planned(0))
  assert.equal(table.walks, 0)
})

test('where the table cannot be read every UDP service may have stale flows', async () => {
  const table = new Table([])
  table.flows = () => {
    throw new Error('no nf_conntrack_netlink')
  }
  assert.deepEqual(
    [...(await readStaleFlows(table, planned(2))).keys()],
    ['udp 10.96.0.1:53', 'udp 10.96.0.2:53'],
  )
})
