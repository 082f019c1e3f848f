/** The stream of events. */
import assert from 'node:assert/strict'
import { fstatSync, readdirSync, statSync } from 'node:fs'
import test from 'node:test'

import type { ConntrackEvent, FlowEvent } from '../../../lib/index.js'
import { collect, flowEvents, take, udpFlow, udpFlows } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

const lostIn = (events: readonly ConntrackEvent[]) =>
  events.reduce((sum, event) => sum + (event.type === 'lost' ? event.count : 0), 0)

const summary = ({ type, mark, synthetic }: FlowEvent) => ({ type, mark, synthetic })

test('what happens to a flow comes as new, update and destroy', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen()
    assert.equal(listener.filterKind, 'none')
    const { original } = udpFlow(1)
    await conntrack.create(udpFlow(1, { mark: 1 }))
    await conntrack.update({ original }, { mark: 2 })
    await conntrack.delete({ mark: 2 })
    const events = flowEvents(await take(listener, 3))
    assert.deepEqual(events.map(summary), [
      { type: 'new', mark: 1, synthetic: false },
      { type: 'update', mark: 2, synthetic: false },
      { type: 'destroy', mark: 2, synthetic: false },
    ])
    assert.deepEqual(events[0]?.original, original)
    assert.ok((events[0]?.causedBy ?? 0) > 0)
    assert.equal(new Set(events.map(({ id }) => id)).size, 1)
    await listener.close()
    assert.equal((await listener.next()).done, true)
  }),
)

/** How many namespaces the process holds open. */
function openNamespaces(): number {
  const { dev } = statSync('/proc/self/ns/net')
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fstatSync(Number(fd)).dev === dev
    } catch {
      return false // that of the listing itself
    }
  }).length
}

test('a listener that is closed keeps no namespace, whoever still refers to it', { skip }, async () => {
  const before = openNamespaces()
  const listener = await withKernel(async ({ conntrack }) => {
    const open = conntrack.listen({ filter: {}, resync: true })
    await open.ready
    assert.equal(openNamespaces(), before + 1)
    return open
  })
  assert.equal(openNamespaces(), before)
  assert.equal((await listener.next()).done, true)
})

test('only the kinds of events that were asked for come', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen({ events: ['destroy'] })
    await conntrack.createAll(udpFlows(3))
    await conntrack.flush()
    const events = flowEvents(await take(listener, 3))
    assert.deepEqual(new Set(events.map(({ type }) => type)), new Set(['destroy']))
  }),
)

test('twenty thousand events arrive, each once and in order', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen({ events: ['new'] })
    const made = udpFlows(20_000)
    await conntrack.createAll(made)
    const events = flowEvents(await take(listener, made.length))
    assert.deepEqual(
      events.map(({ original }) => original.source),
      made.map(({ original }) => original.source),
    )
    assert.equal(listener.status.lost, 0)
  }),
)

test('events that come close together are handed over together, and all of them', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const latencyMs = 50
    const listener = conntrack.listen({ events: ['new'], latencyMs })
    const made = udpFlows(500)
    const started = performance.now()
    let chunks = 0
    const hearing = collect(listener, (all) => {
      if (all.length === made.length) return true
      chunks += 1
      return false
    })
    for (const flow of made) await conntrack.create(flow)
    const events = flowEvents(await hearing)
    assert.deepEqual(
      events.map(({ original }) => original.source),
      made.map(({ original }) => original.source),
    )
    // The first at once, then one each latencyMs, and three that are full before: room begins with 64 and doubles.
    const most = 5 + (performance.now() - started) / latencyMs
    assert.ok(chunks <= most, `${chunks} chunks, expected ${most} at most`)
  }),
)

test('events that wait long for company do not overflow the buffer meanwhile', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    // The buffer has room for half of them; they come within the time for which they may wait.
    const listener = conntrack.listen({ events: ['new'], latencyMs: 1000 })
    await conntrack.create(udpFlow(200_000))
    await take(listener, 1)
    await conntrack.createAll(udpFlows(120_000))
    const events = await collect(listener, (all) => flowEvents(all).length + lostIn(all) >= 120_000)
    assert.equal(lostIn(events), 0)
  }),
)

test('a consumer that is slower than the events does not keep timers and input waiting', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen({ events: ['new'] })
    await conntrack.createAll(udpFlows(10_000))
    let received = 0
    let chunks = 0
    let turns = 0
    for await (const { length } of listener) {
      assert.ok(turns >= chunks, `${turns} turns of the loop in ${chunks} chunks`)
      received += length
      chunks += 1
      if (received === 10_000) break
      setImmediate(() => (turns += 1))
      for (const end = performance.now() + 6; performance.now() < end;);
    }
    assert.ok(chunks > 3)
  }),
)

test('a listener has one consumer at a time', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen()
    const first = listener.next()
    await assert.rejects(listener.next(), { code: 'ERR_CONCURRENT_READ' })
    await listener.close()
    assert.deepEqual(await first, { done: true, value: undefined })
  }),
)

test('leaving the loop leaves the listener open, and the rest can be read', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen()
    await conntrack.create(udpFlow(1))
    for await (const chunk of listener) {
      assert.equal(chunk.type, 'flows')
      break
    }
    await conntrack.create(udpFlow(2))
    const [event] = flowEvents(await take(listener, 1))
    assert.equal(event?.original.source, '10.0.0.2')
  }),
)

test('an abort ends the stream with its reason', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const controller = new AbortController()
    const listener = conntrack.listen({ signal: controller.signal })
    const pending = listener.next()
    controller.abort(new Error('enough'))
    await assert.rejects(pending, { code: 'ABORT_ERR' })
    assert.throws(() => conntrack.listen({ signal: controller.signal }), { code: 'ABORT_ERR' })
  }),
)

// Where the counts were too small, there would be nothing more to come.
test('what the kernel drops is counted exactly', { skip, timeout: 60_000 }, () =>
  withKernel(async ({ conntrack }) => {
    const made = 5000
    // The reader stops at the first event that waits, so that the kernel's buffer has to take the rest.
    const listener = conntrack.listen({ events: ['new'], receiveBufferBytes: 65536, queueBytes: 1 })
    await conntrack.createAll(udpFlows(made))
    const events = await collect(listener, (all) => flowEvents(all).length + lostIn(all) >= made)
    const lost = lostIn(events)
    assert.ok(lost > 0)
    assert.equal(flowEvents(events).length + lost, made)
    assert.equal(listener.status.lost, lost)
    // Each that came is one that was made, and came once.
    assert.equal(new Set(flowEvents(events).map(({ original }) => original.source)).size, made - lost)
  }),
)

test(
  'what waits when a listener is closed is handed over, and what was dropped by then is counted',
  { skip },
  () =>
    withKernel(async ({ conntrack }) => {
      const made = 5000
      for (const receiveBufferBytes of [65536, 16 << 20]) {
        // The reader stops at the first event that waits; nobody takes any before the end.
        const listener = conntrack.listen({ events: ['new'], receiveBufferBytes, queueBytes: 1 })
        await conntrack.createAll(udpFlows(made))
        await listener.close()
        await conntrack.create(udpFlow(made))
        const events: ConntrackEvent[] = []
        for await (const chunk of listener) events.push(...chunk)
        assert.equal(flowEvents(events).length + lostIn(events), made)
        assert.equal(lostIn(events) > 0, receiveBufferBytes === 65536)
        assert.equal(listener.status.lost, lostIn(events))
        await conntrack.flush()
      }
    }),
)

test('a consumer that has stopped holds no more memory than it allowed', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const queueBytes = 4 << 20
    await conntrack.createAll(udpFlows(60_000))
    // The table alone is three times as much; events come beside it.
    const listener = conntrack.listen({ queueBytes, receiveBufferBytes: 1 << 20, resync: true })
    let most = 0
    for (let number = 60_000; number < 70_000; number += 100) {
      await conntrack.createAll(Array.from({ length: 100 }, (_, index) => udpFlow(number + index)))
      most = Math.max(most, listener.status.queuedBytes)
    }
    while (most < queueBytes) most = Math.max(most, listener.status.queuedBytes)
    assert.ok(most <= 1.25 * queueBytes, `${most} bytes were queued`)
  }),
)

test('after a loss the picture is made right again by synthetic events', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen({ receiveBufferBytes: 65536, queueBytes: 1, resync: true })
    await conntrack.createAll(udpFlows(5000))
    await conntrack.delete({ original: { source: '10.0.0.0/24' } })
    const picture = new Map<string, FlowEvent>()
    let lost = 0
    // On the way there it may be as large already, with flows that are gone.
    const isRight = (): boolean =>
      picture.size === 5000 - 256 && ![...picture.keys()].some((source) => source.startsWith('10.0.0.'))
    while (lost === 0 || !isRight()) {
      const { value: chunk } = await listener.next()
      for (const event of chunk ?? []) {
        if (event.type === 'lost') lost += event.count
        else if (event.type === 'destroy') picture.delete(event.original.source)
        else if ('original' in event) picture.set(event.original.source, event)
      }
    }
    const table = (await conntrack.flows()).map(({ original }) => original.source)
    assert.deepEqual([...picture.keys()].sort(), table.sort())
    assert.ok([...picture.values()].some(({ synthetic }) => synthetic))
  }),
)

test('flows older than the listener come first, and their end is noticed', { skip }, () =>
  withKernel(async ({ conntrack, sysctls }) => {
    // As where nobody listens. By default a listener in any namespace of the machine gives flows in all of them events.
    await sysctls.set('net.netfilter.nf_conntrack_events', 0)
    await conntrack.createAll(udpFlows(3))
    const listener = conntrack.listen({ resync: { intervalSeconds: 1 } })
    const older = flowEvents(await take(listener, 3))
    assert.deepEqual(
      new Set(older.map(({ type, synthetic }) => `${type} ${synthetic}`)),
      new Set(['new true']),
    )
    await conntrack.delete({ original: { source: '10.0.0.1' } })
    const [end] = flowEvents(await take(listener, 1))
    assert.deepEqual(
      [end?.type, end?.synthetic, end?.original.source, end?.reply.source],
      ['destroy', true, '10.0.0.1', '10.96.0.1'],
    )
  }),
)

test(
  'all namespaces that have an id are heard, and each event says which it is of',
  { skip, timeout: 60_000 },
  () =>
    withKernel((own, here) =>
      withKernel(async (other, there) => {
        await here.ip('netns', 'set', there.name, '7')
        // Otherwise flows there have events only while somebody listens there.
        await other.sysctls.set('net.netfilter.nf_conntrack_events', 1)
        const listener = own.conntrack.listen({ events: ['new'], allNamespaces: true })
        await other.conntrack.create(udpFlow(1))
        await own.conntrack.create(udpFlow(2))
        const events = flowEvents(await take(listener, 2))
        assert.deepEqual(
          events.map(({ original, nsid }) => [original.source, nsid]),
          [
            ['10.0.0.1', 7],
            ['10.0.0.2', undefined],
          ],
        )
      }),
    ),
)

test('bad options are refused by name', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const refused = (options: object, field: string) =>
      assert.throws(() => conntrack.listen(options), { code: 'ERR_INVALID_ARGUMENT', field })
    refused({ event: ['new'] }, 'options.event')
    refused({ events: [] }, 'options.events')
    refused({ events: ['born'] }, 'options.events[0]')
    refused({ receiveBufferBytes: -1 }, 'options.receiveBufferBytes')
    refused(
      { filter: { destinations: [{ protocol: 'tcp', address: 'x', port: 1 }] } },
      'filter.destinations[0].address',
    )
    refused({ filter: { prefixes: ['10.0.0.0/33'] } }, 'filter.prefixes[0]')
    refused({ resync: true, allNamespaces: true }, 'options.resync')
  }),
)
