/** `services: 'ipvs'` with a stand-in for the virtual server table, which this kernel need not have. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Conntrack } from '../../../lib/conntrack/client.js'
import type { FollowedService } from '../../../lib/conntrack/ipvs-follower.js'
import { native } from '../../../lib/native.js'
import type { ConntrackEvent, Kernel } from '../../../lib/index.js'
import { flowEvents, take, udpFlow } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

const service = { protocol: 'udp', address: '10.96.0.1', port: 53 } as const
const another = { destination: '10.96.0.2' }

/** The table, and the door before it. */
class StandIn {
  readings = 0
  failure: Error | undefined
  private open: () => void = () => undefined
  private opened = Promise.resolve()

  /** A reading under way waits until the function that this returns has been called. */
  hold(): () => void {
    this.opened = new Promise((resolve) => (this.open = resolve))
    return () => this.open()
  }

  async read(): Promise<readonly FollowedService[]> {
    this.readings += 1
    await this.opened
    if (this.failure !== undefined) throw this.failure
    return [{ key: service, servers: [] }]
  }
}

async function withTable(
  body: (conntrack: Conntrack, table: StandIn, kernel: Kernel) => Promise<void>,
): Promise<void> {
  await withKernel(async (kernel, { path }) => {
    const table = new StandIn()
    const handle = new (native().KernelHandle)(path)
    const conntrack = new Conntrack({
      handle: () => handle,
      sysctls: kernel.sysctls,
      followedServices: () => table.read(),
    })
    try {
      await body(conntrack, table, kernel)
    } finally {
      await conntrack.close()
      handle.close()
    }
  })
}

const sources = (events: readonly ConntrackEvent[]): string[] =>
  flowEvents(events).map(({ original }) => original.source)

for (const filterKind of ['ebpf', 'native'] as const) {
  test(
    `what happens before the table has been read is heard, and held against it (${filterKind})`,
    { skip },
    () =>
      withTable(async (conntrack, table) => {
        const release = table.hold()
        const listener = conntrack.listen({ events: ['new'], filter: { services: 'ipvs' }, filterKind })
        await conntrack.createAll([udpFlow(1), udpFlow(2, another)])
        release()
        await listener.ready
        assert.equal(listener.filterKind, filterKind)
        await conntrack.createAll([udpFlow(3, another), udpFlow(4)])
        const events = await take(listener, 2)
        assert.deepEqual(sources(events), ['10.0.0.1', '10.0.0.4'])
        assert.deepEqual(flowEvents(events)[0]?.connection?.service, service)
      }),
  )
}

test(
  'a listener that was opened without services follows them from setFilter on, and no longer',
  { skip },
  () =>
    withTable(async (conntrack) => {
      const listener = conntrack.listen({ events: ['new'], filter: {} })
      await listener.setFilter({ services: 'ipvs' })
      await conntrack.createAll([udpFlow(1, another), udpFlow(2)])
      const [followed] = flowEvents(await take(listener, 1))
      assert.equal(followed?.original.source, '10.0.0.2')
      assert.deepEqual(followed.connection?.service, service)
      await listener.setFilter({})
      await conntrack.createAll([udpFlow(3, another), udpFlow(4)])
      const all = flowEvents(await take(listener, 2))
      assert.deepEqual(sources(all), ['10.0.0.3', '10.0.0.4'])
      assert.deepEqual(
        all.map(({ connection }) => connection),
        [undefined, undefined],
      )
    }),
)

test('a listener that was opened with services hears everything once its filter is empty', { skip }, () =>
  withTable(async (conntrack, table) => {
    const listener = conntrack.listen({ events: ['new'], filter: { services: 'ipvs' } })
    await listener.setFilter({})
    const { readings } = table
    await conntrack.create(udpFlow(1, another))
    assert.deepEqual(sources(await take(listener, 1)), ['10.0.0.1'])
    await conntrack.servicesChanged()
    assert.equal(table.readings, readings)
  }),
)

test('where the table cannot be read, setFilter says so and the old filter stays', { skip }, () =>
  withTable(async (conntrack, table) => {
    const listener = conntrack.listen({ events: ['new'], filter: {} })
    table.failure = new Error('no such table')
    await assert.rejects(listener.setFilter({ services: 'ipvs' }), table.failure)
    await conntrack.create(udpFlow(1, another))
    assert.deepEqual(sources(await take(listener, 1)), ['10.0.0.1'])
  }),
)

test('where the table cannot be read to begin with, the listener ends with the reason', { skip }, () =>
  withTable(async (conntrack, table) => {
    table.failure = new Error('no such table')
    const listener = conntrack.listen({ filter: { services: 'ipvs' } })
    await assert.rejects(listener.next(), table.failure)
  }),
)
