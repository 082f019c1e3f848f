/** Filters of events, in the kernel and in the reader: both must do the same. */
import assert from 'node:assert/strict'
import test from 'node:test'

import type { EventFilter, Kernel, NewFlow } from '../../../lib/index.js'
import { flowEvents, take, udpFlow } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

/** The end of what a filter lets through: an event that every filter here passes. */
const LAST = '10.255.255.255'
const last: NewFlow = {
  original: { protocol: 'tcp', source: LAST, destination: '10.9.9.9', sourcePort: 1, destinationPort: 9 },
  timeoutSeconds: 60,
  tcp: { state: 'syn-sent' },
  mark: 0x9,
  zone: 9,
}

const flows: readonly NewFlow[] = [
  udpFlow(1),
  udpFlow(2, { destination: '10.96.0.2', mark: 0x10 }),
  udpFlow(3, { destination: '10.97.0.1', zone: 7 }),
  udpFlow(4, { nat: { destination: { address: '10.1.1.1', port: 5353 } } }),
  {
    original: {
      protocol: 'tcp',
      source: 'fd00::5',
      destination: 'fd00:96::1',
      sourcePort: 5,
      destinationPort: 443,
    },
    timeoutSeconds: 60,
    tcp: { state: 'syn-sent' },
  },
]

/** Flows that have a zone in one direction only. */
const turned = { protocol: 'udp', source: '10.98.0.1', sourcePort: 53 } as const
const oneSided: readonly NewFlow[] = [
  {
    ...udpFlow(6, { destination: '10.98.0.1' }),
    reply: { ...turned, destination: '10.0.0.6', destinationPort: 1024, zone: 7 },
  },
  { original: { ...udpFlow(7, { destination: '10.98.0.1' }).original, zone: 7 }, timeoutSeconds: 60 },
]

const lastService = { protocol: 'tcp', address: '10.9.9.9', port: 9 } as const

/** Each filter with the sources of the flows that it passes. */
const cases: readonly (readonly [string, EventFilter, readonly string[]])[] = [
  ['no condition', {}, [...[1, 2, 3, 4, 6, 7].map((number) => `10.0.0.${number}`), 'fd00::5']],
  [
    'a destination',
    { destinations: [{ protocol: 'udp', address: '10.96.0.2', port: 53 }, lastService] },
    ['10.0.0.2'],
  ],
  [
    'an IPv6 destination',
    { destinations: [{ protocol: 'tcp', address: 'fd00:96::1', port: 443 }, lastService] },
    ['fd00::5'],
  ],
  [
    'any port of a destination',
    { destinations: [{ protocol: 'udp', address: '10.96.0.1' }, lastService] },
    ['10.0.0.1', '10.0.0.4'],
  ],
  [
    'another protocol of a destination',
    { destinations: [{ protocol: 'tcp', address: '10.96.0.1', port: 53 }, lastService] },
    [],
  ],
  [
    'networks of both families',
    { prefixes: ['10.97.0.0/16', 'fd00:96::/32', '10.9.9.9'] },
    ['10.0.0.3', 'fd00::5'],
  ],
  [
    'a real server',
    { servers: [{ protocol: 'udp', address: '10.1.1.1', port: 5353 }], destinations: [lastService] },
    ['10.0.0.4'],
  ],
  ['clients', { sources: ['10.0.0.0/31', LAST] }, ['10.0.0.1']],
  ['zones, be it of one direction only', { zone: [7, 9] }, ['10.0.0.3', '10.0.0.6', '10.0.0.7']],
  ['the default zone', { zone: [0, 9] }, ['10.0.0.1', '10.0.0.2', '10.0.0.4', 'fd00::5']],
  ['marks', { mark: [{ value: 0x10, mask: 0xf0 }, 9] }, ['10.0.0.2']],
  [
    'two conditions at once',
    { sources: ['10.0.0.0/8'], prefixes: ['10.96.0.0/16', '10.9.9.9'] },
    ['10.0.0.1', '10.0.0.2', '10.0.0.4'],
  ],
  ['nothing but the last', { destinations: [lastService] }, []],
]

async function passed(kernel: Kernel, filter: EventFilter, kind: 'ebpf' | 'native'): Promise<string[]> {
  const { conntrack } = kernel
  const listener = conntrack.listen({ events: ['new'], filter, filterKind: kind })
  await listener.ready
  assert.equal(listener.filterKind, kind)
  const report = await conntrack.createAll([...flows, ...oneSided, last])
  assert.deepEqual(report.failed, [])
  const sources: string[] = []
  while (!sources.includes(LAST)) {
    for (const { original } of flowEvents(await take(listener, 1))) sources.push(original.source)
  }
  await conntrack.flush()
  await listener.close()
  return sources.filter((source) => source !== LAST)
}

for (const [name, filter, expected] of cases) {
  for (const kind of ['ebpf', 'native'] as const) {
    test(`${name}: the ${kind} filter passes what matches`, { skip }, () =>
      withKernel(async (kernel) => {
        assert.deepEqual((await passed(kernel, filter, kind)).sort(), [...expected].sort())
      }),
    )
  }
}

for (const kind of ['ebpf', 'native'] as const) {
  test(`the ${kind} filter chooses by the kind of event`, { skip }, () =>
    withKernel(async ({ conntrack }) => {
      const listener = conntrack.listen({ filter: { events: ['destroy'] }, filterKind: kind })
      await conntrack.create(udpFlow(1))
      await conntrack.flush()
      const [event] = flowEvents(await take(listener, 1))
      assert.equal(event?.type, 'destroy')
    }),
  )

  test(`the ${kind} filter changes while events go on, without losing those that both pass`, { skip }, () =>
    withKernel(async ({ conntrack }) => {
      const services = (from: number) =>
        Array.from({ length: 10_000 }, (_, index) => ({
          protocol: 'tcp' as const,
          address: `10.${200 + ((from + index) >> 16)}.${((from + index) >> 8) & 255}.${(from + index) & 255}`,
          port: 80,
        }))
      const kept = { protocol: 'udp', address: '10.96.0.1', port: 53 } as const
      const listener = conntrack.listen({
        events: ['new'],
        filter: { destinations: [kept] },
        filterKind: kind,
      })
      let made = 0
      let changing = true
      const traffic = (async () => {
        while (changing) {
          await conntrack.createAll(Array.from({ length: 100 }, () => udpFlow(made++)))
        }
      })()
      for (let round = 0; round < 4; round++) {
        await listener.setFilter({ destinations: [kept, ...services(round * 5000)] })
      }
      await listener.setFilter({ destinations: [kept] })
      changing = false
      await traffic
      const events = flowEvents(await take(listener, made))
      assert.equal(events.length, made)
      assert.equal(listener.status.lost, 0)
    }),
  )
}

test('a filter that has no room for its members is refused, and the old one stays', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const filter: EventFilter = { destinations: [{ protocol: 'udp', address: '10.96.0.1', port: 53 }] }
    const listener = conntrack.listen({ filter, filterKind: 'ebpf', filterCapacity: 16 })
    const many = Array.from({ length: 100 }, (_, port) => ({ ...lastService, port: port + 1 }))
    await assert.rejects(listener.setFilter({ destinations: many }), { code: 'E2BIG' })
    await conntrack.create(udpFlow(1))
    assert.equal(flowEvents(await take(listener, 1))[0]?.original.source, '10.0.0.1')
  }),
)

test('a listener without a filter cannot get one', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const listener = conntrack.listen()
    await assert.rejects(listener.setFilter({}), { code: 'ERR_INVALID_STATE' })
  }),
)
