/** What conntrack(8) prints of the same table and of the same events, held against ours word by word. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { openKernel, type FlowEvent, type Kernel, type NewFlow } from '../../../lib/index.js'
import { Topology, type TopologySpec } from '../../../lib/lab/index.js'
import { collect, conntrack, flowEvents, udpFlow } from '../../support/conntrack.js'
import { EventProgram } from '../../support/conntrack-program.js'
import { eventWords, flowWords, printedWords } from '../../support/conntrack-text.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

const ports = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1000, destinationPort: 2000 }
const wide = { source: 'fd00::1', destination: 'fd00::2' }
const timeoutSeconds = 300

/** A flow of every kind that ctnetlink lets us make. */
const flows: readonly NewFlow[] = [
  udpFlow(1, { mark: 0xffffffff, nat: { destination: { address: '10.1.1.1', port: 5353 } } }),
  udpFlow(2, { nat: { source: { address: '10.2.2.2' } }, zone: 65535 }),
  udpFlow(3, { status: ['seen-reply', 'assured'] }),
  { original: { ...udpFlow(4).original, zone: 3 }, timeoutSeconds },
  ...(
    [
      'syn-sent',
      'syn-recv',
      'established',
      'fin-wait',
      'close-wait',
      'last-ack',
      'time-wait',
      'close',
    ] as const
  ).map((state, index): NewFlow => ({
    original: { protocol: 'tcp', ...ports, sourcePort: 3000 + index },
    timeoutSeconds,
    tcp: { state },
  })),
  {
    original: { protocol: 'tcp', ...ports, ...wide },
    timeoutSeconds,
    tcp: { state: 'established' },
    mark: 7,
  },
  { original: { protocol: 'udp', ...ports, ...wide }, timeoutSeconds, zone: 9 },
  {
    original: { protocol: 'sctp', ...ports },
    timeoutSeconds,
    sctp: { state: 'cookie-echoed', tags: { original: 1, reply: 2 } },
  },
  { original: { protocol: 'gre', ...ports }, timeoutSeconds },
  { original: { protocol: 'icmp', ...ports, icmp: { id: 7, type: 8, code: 0 } }, timeoutSeconds },
  { original: { protocol: 'icmpv6', ...wide, icmp: { id: 8, type: 128, code: 0 } }, timeoutSeconds },
  { original: { protocol: 99, source: '10.0.0.1', destination: '10.0.0.2' }, timeoutSeconds },
]

async function makeAll({ conntrack: table }: Kernel): Promise<void> {
  const { failed } = await table.createAll(flows)
  assert.deepEqual(failed, [])
}

/** A table changes while two read it one after the other: of the remaining time only the place is compared. */
function withoutTimeout(words: readonly string[]): string {
  return words.map((each, index) => (index === 4 ? 'SECONDS' : each)).join(' ')
}

for (const accounting of [false, true]) {
  test(`conntrack -L shows the same flows, ${accounting ? 'with' : 'without'} counters`, { skip }, () =>
    withKernel(async (kernel, namespace) => {
      if (accounting) {
        await kernel.conntrack.enableAccounting()
        await kernel.conntrack.enableTimestamps()
      }
      await makeAll(kernel)
      for (const family of ['inet', 'inet6'] as const) {
        const words = ['-L', '-f', family === 'inet' ? 'ipv4' : 'ipv6', '-o', 'extended,id']
        const printed = (await conntrack(namespace, ...words)).trim().split('\n').map(printedWords)
        const ours = (await kernel.conntrack.flows({ family })).map(flowWords)
        assert.ok(ours.length > 2)
        assert.deepEqual(ours.map(withoutTimeout).sort(), printed.map(withoutTimeout).sort())
      }
    }),
  )
}

/** Multicasts of two processors may reach two sockets in two orders; those about one flow do not. */
function byFlow(lines: readonly (readonly string[])[]): string[] {
  const idOf = (words: readonly string[]) => words.findLast((each) => each.startsWith('id=')) ?? ''
  return lines
    .map((words, index) => ({ id: idOf(words), index, text: words.join(' ') }))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.index - b.index))
    .map(({ text }) => text)
}

test('conntrack -E prints the same events of flows made, changed and deleted by hand', { skip }, () =>
  withKernel(async (kernel, { path }) => {
    await kernel.conntrack.enableAccounting()
    await kernel.conntrack.enableTimestamps()
    const program = await EventProgram.start(path, kernel)
    const listener = kernel.conntrack.listen()
    await makeAll(kernel)
    for (const { original, zone = 0 } of flows) {
      await kernel.conntrack.update({ original, zone }, { mark: 0x55 })
    }
    await kernel.conntrack.flush()
    const events = await collect(listener, (all) => all.length >= 3 * flows.length)
    await program.until((lines) => lines.length >= 3 * flows.length)
    await program.stop()
    assert.deepEqual(byFlow(flowEvents(events).map(eventWords)), byFlow(program.lines))
  }),
)

/** Two namespaces with a wire; `server` tracks what comes. */
const network: TopologySpec = {
  namespaces: {
    client: { addresses: { eth0: ['10.0.0.1/24', 'fd00::1/64'] } },
    server: {
      addresses: { eth0: ['10.0.0.2/24', 'fd00::2/64'] },
      backends: [
        { protocol: 'tcp', port: 7, address: '10.0.0.2' },
        { protocol: 'tcp', port: 7, address: 'fd00::2' },
        { protocol: 'udp', port: 9, address: '10.0.0.2' },
        { protocol: 'udp', port: 9, address: 'fd00::2' },
      ],
    },
  },
  wires: [['client:eth0', 'server:eth0']],
}

/** The kernel tracks only where a rule asks for it. */
const tracking =
  'table inet t { chain c { type filter hook input priority 0; ct state new,established accept; }; }'

test('conntrack -E prints the same events of real connections, over IPv4 and IPv6', { skip }, async () => {
  const topology = await Topology.create(network)
  const [client, server] = [topology.namespace('client'), topology.namespace('server')]
  const kernel = await openKernel({ netns: server.path })
  try {
    assert.equal((await server.run(['nft', tracking])).exitCode, 0)
    await kernel.conntrack.enableAccounting()
    const program = await EventProgram.start(server.path, kernel)
    const listener = kernel.conntrack.listen()
    for (const address of ['10.0.0.2', 'fd00::2']) {
      await client.exchange('tcp', address, 7, 'hello')
      await client.exchange('udp', address, 9, 'hello')
      // Nobody is there: refused.
      await assert.rejects(client.exchange('tcp', address, 8, 'hello'))
    }
    // A closed connection lingers for minutes; UDP would, too.
    const closing = ({ tcp }: FlowEvent) => tcp?.state === 'time-wait' || tcp?.state === 'close'
    const events = await collect(listener, (all) => flowEvents(all).filter(closing).length >= 2)
    await kernel.conntrack.flush()
    events.push(
      ...(await collect(listener, (all) => flowEvents([...events, ...all]).filter(isDestroy).length >= 6)),
    )
    await program.until((lines) => lines.length >= events.length)
    await program.stop()
    const ours = flowEvents(events)
    assert.deepEqual(byFlow(ours.map(eventWords)), byFlow(program.lines))
    assert.ok(ours.some(({ family, tcp }) => family === 'inet6' && tcp?.state === 'established'))
    const ended = ours.filter(isDestroy)
    assert.deepEqual(new Set(ended.map(({ protocol, family }) => `${protocol} ${family}`)).size, 4)
    for (const { counters } of ended) assert.ok((counters?.original.bytes ?? 0n) > 0n)
  } finally {
    await kernel.close()
    await topology.close()
  }
})

function isDestroy({ type }: FlowEvent): boolean {
  return type === 'destroy'
}
