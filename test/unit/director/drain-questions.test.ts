/** How the kernel is asked about draining servers: a look at one of them must not cost what all services cost. */
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Kernel, KernelState, Service } from '../../../lib/index.js'
import { resolveOptions } from '../../../lib/director/options.js'
import { KernelPlane } from '../../../lib/director/plane/kernel-plane.js'
import { emptyState, serviceKeyText } from '../../../lib/director/state/state.js'
import type { DrainingServer } from '../../../lib/director/sync/drain.js'

const services = Array.from({ length: 8 }, (_, index): Service & { address: string } => {
  return { protocol: 'tcp', address: `10.96.0.${index}`, port: 80, scheduler: 'rr' }
})
const server = { address: '10.1.0.1', port: 80, activeConnections: 2, inactiveConnections: 3 }

function planned(): KernelState {
  const states = services.map((service) => {
    return [serviceKeyText(service), { service, servers: new Map(), drainTimeoutSeconds: 60 }] as const
  })
  return { ...emptyState(), services: new Map(states) }
}

function draining(count: number): DrainingServer[] {
  return services.slice(0, count).map((service) => ({
    key: serviceKeyText(service),
    service,
    serverKey: '10.1.0.1:80',
    server: { address: server.address, port: server.port },
    since: 0,
    deadline: Infinity,
  }))
}

/** A plane that has programmed all services, and what it has asked its kernel since. */
async function programmed(): Promise<{ plane: KernelPlane; asked: string[] }> {
  const asked: string[] = []
  const ipvs = {
    snapshot: async () => {
      asked.push('everything')
      return services.map((service) => ({ ...service, servers: [server] }))
    },
    servers: async (service: { address: string }) => {
      asked.push(service.address)
      return [server]
    },
  }
  const plane = new KernelPlane({ ipvs } as unknown as Kernel, resolveOptions({}))
  await plane.make([], planned())
  return { plane, asked }
}

test('after a cold start, a service that drains is asked for by itself', async () => {
  const { plane, asked } = await programmed()
  const counts = await plane.connections(draining(1))
  assert.deepEqual(asked, ['10.96.0.0'])
  assert.deepEqual(
    [...counts],
    [['tcp 10.96.0.0:80 10.1.0.1:80', { activeConnections: 2, inactiveConnections: 3 }]],
  )
})

test('where much of everything drains, everything is read once', async () => {
  const { plane, asked } = await programmed()
  const counts = await plane.connections(draining(5))
  assert.deepEqual(asked, ['everything'])
  assert.equal(counts.size, 5)
})
