/** Connections through IPVS as conntrack sees them: who asked, which service, which server, and how much. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'

import { openKernel, type FlowEvent, type Kernel, type Listener } from '../../lib/index.js'
import { Topology, type NamespaceSpec } from '../../lib/lab/index.js'
import { collect, flowEvents, take, udpFlow } from '../support/conntrack.js'

/** Where an event does not come, there is nothing else to wait for. */
const timeout = 120_000

const echo = { protocol: 'tcp', port: 8080 } as const
const time = { protocol: 'udp', port: 5300 } as const

function server(number: number): NamespaceSpec {
  return {
    addresses: { eth0: [`10.2.0.${number}/24`, `fd02::${number}/64`] },
    routes: [
      { to: 'default', via: '10.2.0.1' },
      { to: 'default', via: 'fd02::1' },
    ],
    backends: [
      { ...echo, address: `10.2.0.${number}` },
      { ...echo, address: `fd02::${number}` },
      { ...time, address: `10.2.0.${number}` },
      { ...time, address: `fd02::${number}` },
    ],
  }
}

let topology: Topology
let kernel: Kernel
let listener: Listener

before(async () => {
  // Where IPv6 is a module, the first socket of it brings it, and with it the settings.
  const socket = createSocket('udp6').bind()
  await once(socket, 'listening')
  socket.close()
  topology = await Topology.create({
    namespaces: {
      client: {
        addresses: { eth0: ['10.1.0.2/24', 'fd01::2/64'] },
        routes: [
          { to: 'default', via: '10.1.0.1' },
          { to: 'default', via: 'fd01::1' },
        ],
      },
      director: {
        bridges: { servers: ['rs1', 'rs2'] },
        addresses: {
          client: ['10.1.0.1/24', 'fd01::1/64', '10.1.0.100/32', 'fd01::100/128'],
          servers: ['10.2.0.1/24', 'fd02::1/64'],
        },
        sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
      },
      rs1: server(11),
      rs2: server(12),
    },
    wires: [
      ['client:eth0', 'director:client'],
      ['rs1:eth0', 'director:rs1'],
      ['rs2:eth0', 'director:rs2'],
    ],
  })
  const director = topology.namespace('director')
  // IPVS notes its connections in conntrack, but the namespace tracks only where a rule asks for it.
  for (const program of ['iptables', 'ip6tables']) {
    const rule = ['-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'NEW', '-j', 'ACCEPT']
    const { exitCode, stderr } = await director.run([program, ...rule])
    assert.equal(exitCode, 0, stderr)
  }
  kernel = await openKernel({ netns: director.path })
  // Asking for the table makes the kernel load the module, which brings the setting.
  await kernel.ipvs.services()
  await kernel.sysctls.set('net.ipv4.vs.conntrack', 1)
  assert.deepEqual(await kernel.conntrack.enableAccounting(), {
    sysctl: 'net.netfilter.nf_conntrack_acct',
    changed: true,
  })
  listener = kernel.conntrack.listen({ filter: { services: 'ipvs' } })
  await listener.ready
  assert.equal(listener.filterKind, 'ebpf')
})
after(async () => {
  await kernel.close()
  await topology.close()
})

for (const [family, address, servers, client] of [
  ['IPv4', '10.1.0.100', ['10.2.0.11', '10.2.0.12'], '10.1.0.2'],
  ['IPv6', 'fd01::100', ['fd02::11', 'fd02::12'], 'fd01::2'],
] as const) {
  for (const { protocol, port } of [echo, time]) {
    test(
      `${protocol} over ${family} shows client, service, server, and at its end how much went through`,
      { timeout },
      async () => {
        const service = { protocol, address, port: 80 } as const
        await kernel.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const each of servers)
          await kernel.ipvs.addServer(service, { address: each, port, forwarding: 'masquerade' })

        // Past the director, but to no service of it.
        const asking = topology.namespace('client')
        await asking.exchange(protocol, servers[0], port, 'hello')
        const answers = [
          await asking.exchange(protocol, address, 80, 'hello'),
          await asking.exchange(protocol, address, 80, 'hello'),
        ]
        await kernel.conntrack.flush()

        // A connection that is being closed when the table is emptied may begin anew with its last packets.
        const isOurs = ({ connection }: FlowEvent) => isDeepStrictEqual(connection?.service, service)
        const isEnd = (event: FlowEvent) => event.type === 'destroy' && isOurs(event)
        const events = flowEvents(await collect(listener, (all) => flowEvents(all).filter(isEnd).length >= 2))
        // What went past the services is not heard.
        for (const { connection } of events) assert.notEqual(connection, undefined)
        for (const { connection } of events.filter(isOurs)) {
          assert.equal(connection?.client.address, client)
          assert.equal(connection?.server?.port, port)
        }
        const ends = events.filter(isEnd)
        const ports = ends.map(({ connection }) => connection?.client.port)
        assert.deepEqual(ports.sort(), answers.map(({ clientPort }) => clientPort).sort())
        assert.deepEqual(ends.map(({ connection }) => connection?.server?.address).sort(), [...servers])
        for (const { counters } of ends) {
          assert.ok((counters?.original.bytes ?? 0n) > 0n)
          assert.ok((counters?.reply.packets ?? 0n) > 0n)
        }
      },
    )
  }
}

test('a service by firewall mark is told by its servers', { timeout }, async () => {
  const director = topology.namespace('director')
  const mark = ['-t', 'mangle', '-A', 'PREROUTING', '-d', '10.1.0.100', '-p', 'tcp', '--dport', '81']
  const marked = await director.run(['iptables', ...mark, '-j', 'MARK', '--set-mark', '7'])
  assert.equal(marked.exitCode, 0, marked.stderr)
  const service = { fwmark: 7, family: 'inet' } as const
  await kernel.ipvs.addService({ ...service, scheduler: 'rr' })
  await kernel.ipvs.addServer(service, { address: '10.2.0.12', port: echo.port, forwarding: 'masquerade' })
  await topology.namespace('client').exchange('tcp', '10.1.0.100', 81, 'hello')
  const isMarked = ({ connection }: FlowEvent) => connection !== undefined && 'fwmark' in connection.service
  const event = flowEvents(await collect(listener, (all) => flowEvents(all).some(isMarked))).find(isMarked)
  assert.deepEqual(event?.connection?.service, service)
  assert.deepEqual(event.connection.server, { address: '10.2.0.12', port: echo.port })
})

test('a table changed by somebody else is followed within a second or so', { timeout }, async () => {
  const director = topology.namespace('director')
  const service = { protocol: 'tcp', address: '10.1.0.100', port: 99 } as const
  await director.run(['ipvsadm', '-A', '-t', '10.1.0.100:99', '-s', 'rr'])
  await director.run(['ipvsadm', '-a', '-t', '10.1.0.100:99', '-r', `10.2.0.11:${echo.port}`, '-m'])
  const isThere = (event: FlowEvent) => event.original.destinationPort === 99
  let heard: FlowEvent | undefined
  const pending = collect(listener, (all) => (heard = flowEvents(all).find(isThere)) !== undefined)
  // Each is a new connection; the first may come before the table was read again.
  while (heard === undefined)
    await topology.namespace('client').exchange('tcp', service.address, service.port, 'hello')
  await pending
  assert.deepEqual(heard.connection?.service, service)
})

test('what happens before the table has been read is heard as well', { timeout }, async () => {
  const service = { protocol: 'udp', address: '10.96.0.1', port: 53 } as const
  await kernel.ipvs.addService({ ...service, scheduler: 'rr' })
  const early = kernel.conntrack.listen({ events: ['new'], filter: { services: 'ipvs' } })
  await kernel.conntrack.createAll([udpFlow(1), udpFlow(2, { destination: '10.96.0.2' })])
  await early.ready
  await kernel.conntrack.create(udpFlow(3))
  const events = flowEvents(await take(early, 2))
  assert.deepEqual(
    events.map(({ original }) => original.source),
    ['10.0.0.1', '10.0.0.3'],
  )
  assert.deepEqual(events[0]?.connection?.service, service)
  await early.close()
})

test('a filter that is set later follows the table', { timeout }, async () => {
  const late = kernel.conntrack.listen({ events: ['new'], filter: {} })
  await late.setFilter({ services: 'ipvs' })
  await kernel.conntrack.createAll([udpFlow(4, { destination: '10.96.0.2' }), udpFlow(5)])
  const [event] = flowEvents(await take(late, 1))
  assert.equal(event?.original.source, '10.0.0.5')
  await late.close()
})
