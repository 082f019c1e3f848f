/** `resync`: the consumer's picture of the table, and what the listener itself has to remember for it. */
import assert from 'node:assert/strict'
import test from 'node:test'

import type { FlowEvent, Kernel, Listener, ListenOptions } from '../../../lib/index.js'
import { collect, flowEvents, take, udpFlow, udpFlows } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

const story = ({ type, synthetic, original }: FlowEvent) => `${type} ${synthetic} ${original.source}`

/**
 * A flow that a listener has to read the table for. Its end is reported all the same, as if somebody had listened to its
 * beginning.
 */
async function olderFlow({ conntrack, sysctls }: Pick<Kernel, 'conntrack' | 'sysctls'>): Promise<void> {
  await sysctls.set('net.netfilter.nf_conntrack_events', 1)
  await conntrack.create(udpFlow(2000))
}

/** Flows that begin from here on are in no dump: each is told of once, by its event. */
async function tableIsRead(listener: Listener): Promise<void> {
  assert.deepEqual(flowEvents(await take(listener, 1)).map(story), ['new true 10.0.7.208'])
}

/** Listeners that are not told of ends, and must hear of them. */
const withoutEnds: readonly (readonly [string, ListenOptions])[] = [
  ['listens to new flows alone', { events: ['new'] }],
  ['filters by kind, in the kernel', { filter: { events: ['new'] }, filterKind: 'ebpf' }],
  ['filters by kind, in the reader', { filter: { events: ['new'] }, filterKind: 'native' }],
]

for (const [name, options] of withoutEnds) {
  test(`a listener that ${name} forgets the flows that have ended, and tells of no end`, { skip }, () =>
    withKernel(async ({ conntrack, sysctls }) => {
      await olderFlow({ conntrack, sysctls })
      const listener = conntrack.listen({ ...options, resync: true })
      await tableIsRead(listener)
      await conntrack.createAll(udpFlows(1000))
      await conntrack.flush()
      await conntrack.create(udpFlow(1000))
      const events = flowEvents(await take(listener, 1001))
      assert.deepEqual(new Set(events.map(({ type }) => type)), new Set(['new']))
      assert.equal(listener.status.knownFlows, 1)
      assert.equal(listener.status.received, 1001)
    }),
  )
}

test('a filter that comes later leaves out ends, too, and they are heard of all the same', { skip }, () =>
  withKernel(async ({ conntrack, sysctls }) => {
    await olderFlow({ conntrack, sysctls })
    const listener = conntrack.listen({ filter: { zone: 7 }, resync: true })
    await listener.ready
    await listener.setFilter({ events: ['new'] })
    await tableIsRead(listener)
    await conntrack.create(udpFlow(1))
    await conntrack.flush()
    await conntrack.create(udpFlow(2))
    const events = flowEvents(await take(listener, 2))
    assert.deepEqual(events.map(story), ['new false 10.0.0.1', 'new false 10.0.0.2'])
    assert.equal(listener.status.knownFlows, 1)
  }),
)

test('synthetic events keep to the kinds of the filter', { skip }, () =>
  withKernel(async ({ conntrack, sysctls }) => {
    // So that the end of an older flow is seen by its absence alone.
    await sysctls.set('net.netfilter.nf_conntrack_events', 0)
    await conntrack.createAll(udpFlows(2))
    const listener = conntrack.listen({ filter: { events: ['destroy'] }, resync: { intervalSeconds: 1 } })
    while (listener.status.knownFlows < 2) await new Promise(setImmediate)
    await conntrack.delete({ original: { source: '10.0.0.1' } })
    const events = flowEvents(await collect(listener, (all) => all.length > 0))
    assert.deepEqual(events.map(story), ['destroy true 10.0.0.1'])
  }),
)
