/** What a batch takes and refuses, without a kernel. */
import assert from 'node:assert/strict'
import test from 'node:test'

import fc from 'fast-check'

import { Batch, InvalidArgumentError, type Server, type Service } from '../../../lib/index.js'
import { IpvsRun } from '../../../lib/ipvs/run.js'

const service: Service = { protocol: 'tcp', address: '10.0.0.1', port: 80 }
const server: Server = { address: '10.1.0.1', port: 8080 }

function onlyRun(batch: Batch): IpvsRun {
  const [run] = batch.runs
  assert.ok(run instanceof IpvsRun)
  return run
}

test('a refused value names its field, itself and what is allowed, and leaves no trace', () => {
  const cases: [string, unknown, (batch: Batch) => void][] = [
    ['service.schedular', 'rr', (b) => b.addService({ ...service, schedular: 'rr' } as never)],
    ['service.schedular', 'rr', (b) => b.addService({ fwmark: 1, family: 'inet', schedular: 'rr' } as never)],
    [
      'service.persistent',
      true,
      (b) => b.updateService({ ...service, scheduler: undefined, persistent: true } as never),
    ],
    ['server.wieght', 3, (b) => b.addServer(service, { address: '10.1.0.1', wieght: 3 } as never)],
    [
      'server.threshold',
      3,
      (b) => b.updateServer(service, { address: '10.1.0.1', port: 1, threshold: 3 } as never),
    ],
    ['service.address', 'nowhere', (b) => b.addService({ ...service, address: 'nowhere' })],
    ['service.port', 65536, (b) => b.addService({ ...service, port: 65536 })],
    ['service.port', 1.5, (b) => b.removeService({ ...service, port: 1.5 })],
    ['service.port', 0, (b) => b.addService({ ...service, port: 0 })],
    ['service.protocol', 'icmp', (b) => b.addService({ ...service, protocol: 'icmp' as 'tcp' })],
    ['service.protocol', 'toString', (b) => b.addService({ ...service, protocol: 'toString' as 'tcp' })],
    ['service.fwmark', 0, (b) => b.addService({ fwmark: 0, family: 'inet' })],
    ['service.family', 'ipv4', (b) => b.addService({ fwmark: 1, family: 'ipv4' as 'inet' })],
    [
      'service.scheduler',
      'much-too-long-name',
      (b) => b.addService({ ...service, scheduler: 'much-too-long-name' }),
    ],
    ['service.scheduler', '', (b) => b.addService({ ...service, scheduler: '' })],
    [
      'service.schedulerFlags[1]',
      'sh',
      (b) => b.addService({ ...service, schedulerFlags: ['sh-port', 'sh' as 'sh-port'] }),
    ],
    ['service.onePacket', true, (b) => b.addService({ ...service, onePacket: true })],
    [
      'service.persistence.timeoutSeconds',
      0,
      (b) => b.addService({ ...service, persistence: { timeoutSeconds: 0 } }),
    ],
    [
      'service.persistence.prefixLength',
      33,
      (b) => b.addService({ ...service, persistence: { timeoutSeconds: 1, prefixLength: 33 } }),
    ],
    ['server.address', '224.0.0.1', (b) => b.addServer(service, { address: '224.0.0.1' })],
    ['server.address', '0.0.0.0', (b) => b.addServer(service, { address: '0.0.0.0' })],
    ['server.address', '::', (b) => b.addServer(service, { address: '::', forwarding: 'tunnel' })],
    ['server.port', -1, (b) => b.addServer(service, { ...server, port: -1 })],
    ['server.weight', -1, (b) => b.addServer(service, { ...server, weight: -1 })],
    ['server.weight', 2 ** 31, (b) => b.addServer(service, { ...server, weight: 2 ** 31 })],
    ['server.weight', NaN, (b) => b.addServer(service, { ...server, weight: NaN })],
    ['server.upperThreshold', 2 ** 31, (b) => b.addServer(service, { ...server, upperThreshold: 2 ** 31 })],
    ['server.lowerThreshold', 5, (b) => b.addServer(service, { ...server, lowerThreshold: 5 })],
    ['server.forwarding', 'nat', (b) => b.addServer(service, { ...server, forwarding: 'nat' as 'direct' })],
    ['server.forwarding', 'masquerade', (b) => b.addServer(service, { address: 'fd00::1' })],
    [
      'server.tunnel.port',
      undefined,
      (b) => b.addServer(service, { ...server, forwarding: 'tunnel', tunnel: { type: 'gue' } }),
    ],
    [
      'server.tunnel.port',
      5,
      (b) => b.addServer(service, { ...server, forwarding: 'tunnel', tunnel: { type: 'gre', port: 5 } }),
    ],
    [
      'server.tunnel.checksum',
      'checksum',
      (b) => b.addServer(service, { ...server, forwarding: 'tunnel', tunnel: { checksum: 'checksum' } }),
    ],
    [
      'server.tunnel.checksum',
      'remote-checksum',
      (b) =>
        b.addServer(service, {
          ...server,
          forwarding: 'tunnel',
          tunnel: { type: 'gre', checksum: 'remote-checksum' },
        }),
    ],
    [
      'service.persistence.netmask',
      '255.0.255.0',
      (b) =>
        b.addService({
          ...service,
          persistence: { timeoutSeconds: 1, prefixLength: 8, netmask: '255.0.255.0' },
        }),
    ],
    [
      'service.persistence.netmask',
      '255.255.0.0',
      (b) =>
        b.addService({
          ...service,
          address: 'fd00::1',
          persistence: { timeoutSeconds: 1, netmask: '255.255.0.0' },
        }),
    ],
    [
      'server.tunnel.type',
      'vxlan',
      (b) => b.addServer(service, { ...server, forwarding: 'tunnel', tunnel: { type: 'vxlan' as 'gre' } }),
    ],
    [
      'servers.weights',
      1,
      (b) =>
        b.addServers(service, {
          addresses: Uint32Array.of(167772161, 167772162),
          weights: Uint32Array.of(1),
        }),
    ],
    [
      'servers.ports',
      [80, 70000],
      (b) =>
        b.addServers(service, {
          addresses: Uint32Array.of(167772161, 167772162),
          ports: [80, 70000] as unknown as Uint16Array,
        }),
    ],
    [
      'servers.ports',
      Uint32Array.of(80, 70000),
      (b) =>
        b.addServers(service, {
          addresses: Uint32Array.of(167772161, 167772162),
          ports: Uint32Array.of(80, 70000) as unknown as Uint16Array,
        }),
    ],
    [
      'servers.weights',
      Int32Array.of(1, 2),
      (b) =>
        b.addServers(service, {
          addresses: Uint32Array.of(167772161, 167772162),
          weights: Int32Array.of(1, 2) as unknown as Uint32Array,
        }),
    ],
    [
      'servers.addresses[1]',
      '224.0.0.1',
      (b) => b.addServers(service, { addresses: Uint32Array.of(167772161, 0xe0000001) }),
    ],
  ]
  for (const [field, value, add] of cases) {
    const batch = new Batch().addService(service)
    assert.throws(
      () => add(batch),
      (error: unknown) => {
        assert.ok(error instanceof InvalidArgumentError, `${field}: ${String(error)}`)
        assert.equal(error.field, field)
        assert.deepEqual(error.value, value)
        assert.ok(error.allowed.length > 0 && error.message.includes(field))
        return true
      },
    )
    assert.equal(batch.size, 1, field)
    batch.addServer(service, server)
    const row = onlyRun(batch).server(1)
    assert.deepEqual(
      [row.address, row.port, row.weight, row.tunnel],
      ['10.1.0.1', 8080, 1, undefined],
      `${field} left traces`,
    )
  }
})

test('an empty batch, and one whose only operation was refused, have no runs', () => {
  const batch = new Batch()
  assert.throws(() => batch.addService({ ...service, port: -1 }))
  assert.deepEqual([batch.size, batch.runs.length], [0, 0])
})

const address = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((octets) => octets.join('.')),
  fc.integer({ min: 1, max: 0xffff }).map((tail) => `fd00::${tail.toString(16)}:1`),
)
const services = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
    address,
    port: fc.integer({ min: 1, max: 65535 }),
    scheduler: fc.constantFrom('rr', 'sh', 'mh', 'wlc'),
  }),
  fc.record({
    fwmark: fc.integer({ min: 1, max: 0xffffffff }),
    family: fc.constantFrom('inet' as const, 'inet6' as const),
    scheduler: fc.constantFrom('rr', 'lblcr'),
  }),
)

test('operations come out of the rows as they went in, over many chunks', () => {
  fc.assert(
    fc.property(
      fc.array(services, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 60 }),
      (list, repeat) => {
        const batch = new Batch()
        for (let round = 0; round < repeat; round++) for (const item of list) batch.addService(item)
        assert.equal(batch.size, list.length * repeat)
        const run = onlyRun(batch)
        for (const [index, item] of list.entries()) {
          const { schedulerFlags, onePacket, ...rest } = run.service(
            index + list.length * (repeat - 1),
          ) as typeof item & {
            schedulerFlags: unknown
            onePacket: unknown
          }
          assert.deepEqual([schedulerFlags, onePacket], [[], false])
          assert.deepEqual(rest, { ...item })
        }
      },
    ),
    { numRuns: 50 },
  )
})

test('columns over a chunk boundary keep each address with its port and weight', () => {
  const count = 2500
  const batch = new Batch().addServers(service, {
    addresses: Uint32Array.from({ length: count }, (_, index) => 0x0a000001 + index),
    ports: Uint16Array.from({ length: count }, (_, index) => index + 1),
    weights: 7,
  })
  const run = onlyRun(batch)
  for (const index of [0, 1, 1023, 1024, 1025, 2047, 2048, 2499]) {
    const row = run.server(index)
    const expected = `10.0.${(index + 1) >> 8}.${(index + 1) & 255}`
    assert.deepEqual([row.address, row.port, row.weight], [expected, index + 1, 7])
    assert.deepEqual(run.key(index), service)
  }
})

test('IPv6 columns take sixteen bytes a server', () => {
  const key: Service = { protocol: 'udp', address: 'fd00::1', port: 53 }
  const addresses = new Uint8Array(32)
  addresses.set([0xfd, 0, 0, 1], 0)
  addresses.set([0xfd, 0, 0, 2], 16)
  const run = onlyRun(new Batch().addServers(key, { addresses }))
  assert.deepEqual(
    [run.server(0).address, run.server(1).address, run.server(1).port],
    ['fd00:1::', 'fd00:2::', 53],
  )
})
