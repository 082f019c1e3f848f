import assert from 'node:assert/strict'
import test from 'node:test'
import { formatTable } from '../../../lib/ipvs/ipvsadm/table-format.js'
import { server, service, tcp, udp } from './tables.js'

/** The text between the first and the last line feed: what is expected, written as it is printed. */
function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

const info = { version: '1.2.1', connectionTableSize: 4096 }

test('an empty table has its version and its titles', () => {
  assert.equal(
    formatTable([], { info }),
    text([
      'IP Virtual Server version 1.2.1 (size=4096)',
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    ]),
  )
})

test('services are shown with scheduler, flags, persistence, mask, engine and one-packet', () => {
  const persistence = { timeoutSeconds: 360, prefixLength: 32 }
  const table = formatTable([
    service(tcp('10.0.0.4', 80), { persistence, scheduler: 'mh', schedulerFlags: ['mh-port'] }),
    service(udp('10.0.0.6', 53), { persistence: { timeoutSeconds: 20, prefixLength: 24 }, onePacket: true }),
    service(udp('10.0.0.7', 5060), { persistence, persistenceEngine: 'sip' }),
    service(tcp('2001:db8::1', 80), { persistence: { timeoutSeconds: 20, prefixLength: 64 } }),
    service({ fwmark: 1, family: 'inet6' }, { scheduler: 'sh', schedulerFlags: ['sh-fallback', 'sh-port'] }),
  ])
  assert.deepEqual(table.split('\n').slice(2), [
    'TCP  10.0.0.4:80 mh (mh-port) persistent 360',
    'UDP  10.0.0.6:53 wlc persistent 20 mask 255.255.255.0 ops',
    'UDP  10.0.0.7:5060 wlc persistent 360 pe sip',
    'TCP  [2001:db8::1]:80 wlc persistent 20 mask 64',
    'FWM  1 IPv6 sh (sh-fallback,sh-port)',
    '',
  ])
})

const servers = [
  server('10.1.0.1', 80, {
    forwarding: 'direct',
    weight: 65535,
    activeConnections: 12,
    inactiveConnections: 7,
  }),
  server('10.1.0.3', 99, { upperThreshold: 2147483647, lowerThreshold: 20, persistentConnections: 4 }),
  server('10.1.0.4', 80, { forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'checksum' } }),
  server('2001:db8::9', 80, { forwarding: 'tunnel', tunnel: { type: 'ipip' } }),
  server('127.0.0.1', 80, { forwarding: 'local' }),
]
const table = [service(tcp('10.0.0.1', 80), { scheduler: 'rr' }, servers)]

test('servers are shown with forwarding, weight and connections', () => {
  assert.equal(
    formatTable(table),
    text([
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
      'TCP  10.0.0.1:80 rr',
      '  -> 10.1.0.1:80                  Route   65535  12         7         ',
      '  -> 10.1.0.3:99                  Masq    1      0          0         ',
      '  -> 10.1.0.4:80                  Tunnel  1      0          0         ',
      '  -> [2001:db8::9]:80             Tunnel  1      0          0         ',
      '  -> 127.0.0.1:80                 Local   1      0          0         ',
    ]),
  )
})

test('thresholds, persistent connections and tunnels have columns of their own', () => {
  assert.deepEqual(formatTable(table, { columns: 'thresholds' }).split('\n').slice(0, 5), [
    'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ',
    '  -> RemoteAddress:Port',
    'TCP  10.0.0.1:80 rr',
    '  -> 10.1.0.1:80                  0          0          12         7         ',
    '  -> 10.1.0.3:99                  2147483647 20         0          0         ',
  ])
  assert.deepEqual(formatTable(table, { columns: 'persistent-connections' }).split('\n').slice(0, 5), [
    'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ',
    '  -> RemoteAddress:Port',
    'TCP  10.0.0.1:80 rr',
    '  -> 10.1.0.1:80                  65535     0           12         7         ',
    '  -> 10.1.0.3:99                  1         4           0          0         ',
  ])
  assert.deepEqual(formatTable(table, { columns: 'tunnels' }).split('\n').slice(1, 6), [
    '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn',
    'TCP  10.0.0.1:80 rr',
    '  -> 10.1.0.1:80                  Route   n/a           65535  12         7         ',
    '  -> 10.1.0.3:99                  Masq    n/a           1      0          0         ',
    '  -> 10.1.0.4:80                  Tunnel  gue:6080:+c   1      0          0         ',
  ])
})

const counters = {
  connections: 7n,
  incomingPackets: 99_999_999n,
  outgoingPackets: 100_000_000n,
  incomingBytes: 99_999_999_999n,
  outgoingBytes: 123_456_789_012_345n,
}
const rates = {
  connectionsPerSecond: 123_456_789n,
  incomingPacketsPerSecond: 1n,
  outgoingPacketsPerSecond: 0n,
  incomingBytesPerSecond: 100_000_000_000n,
  outgoingBytesPerSecond: 1_000_000_000n,
}
const busy = [
  service(tcp('10.0.0.1', 80), { counters, rates }, [server('10.1.0.1', 80, { counters, rates })]),
]

test('statistics are abbreviated from nine digits on, unless they are to be exact', () => {
  assert.deepEqual(formatTable(busy, { columns: 'stats' }).split('\n'), [
    'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes',
    '  -> RemoteAddress:Port',
    'TCP  10.0.0.1:80                         7 99999999  100000K   99999M     123T',
    '  -> 10.1.0.1:80                         7 99999999  100000K   99999M     123T',
    '',
  ])
  assert.equal(
    formatTable(busy, { columns: 'stats', exact: true }).split('\n')[2],
    'TCP  10.0.0.1:80                         7 99999999 100000000 99999999999 123456789012345',
  )
})

test("in a server's rates only the bytes are abbreviated", () => {
  assert.deepEqual(formatTable(busy, { columns: 'rate' }).split('\n').slice(0, 4), [
    'Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS',
    '  -> RemoteAddress:Port',
    'TCP  10.0.0.1:80                   123456K        1        0     100G    1000M',
    '  -> 10.1.0.1:80                  123456789        1        0     100G    1000M',
  ])
})

test('names replace numbers, and long ones are cut where ipvsadm cuts them', () => {
  const names = {
    host: (address: string) => (address === '10.0.0.1' ? 'a-rather-long-name.example.org' : undefined),
    service: (port: number, protocol: string | undefined) =>
      port === 80 && protocol === 'tcp' ? 'http' : undefined,
  }
  const lines = formatTable(
    [
      service(tcp('10.0.0.1', 80), {}, [server('10.0.0.1', 80)]),
      service({ fwmark: 3, family: 'inet' }, {}, [server('10.1.0.1', 80)]),
    ],
    { names },
  ).split('\n')
  assert.deepEqual(lines.slice(2, 6), [
    'TCP  a-rather-long-name.example.o wlc',
    '  -> a-rather-long-name.example.o Masq    1      0          0         ',
    'FWM  3 wlc',
    '  -> 10.1.0.1:80                  Masq    1      0          0         ',
  ])
})

test("services and servers come in ipvsadm's order, which is not that of the numbers", () => {
  const addresses = ['10.0.0.3', '192.168.0.2', '192.168.0.1', '10.0.0.1', '8.1.1.1', '0.0.0.0', '224.0.0.1']
  const unsorted = [
    service({ fwmark: 12, family: 'inet' }),
    service({ fwmark: 7, family: 'inet6' }),
    service(tcp('2001:db8::1', 80)),
    service(udp('10.0.0.1', 3)),
    service({ fwmark: 4294967295, family: 'inet' }),
    service({ protocol: 'sctp', address: '10.0.0.1', port: 41 }),
    ...addresses.map((address) => service(tcp(address, 80))),
    service(tcp('10.0.0.1', 8)),
  ]
  const sorted = formatTable(unsorted).split('\n').slice(2, -1)
  assert.deepEqual(
    sorted.map((line) => line.replace(/ wlc$/, '')),
    [
      'FWM  4294967295',
      'TCP  192.168.0.1:80',
      'TCP  192.168.0.2:80',
      'TCP  224.0.0.1:80',
      'TCP  0.0.0.0:80',
      'TCP  8.1.1.1:80',
      'TCP  10.0.0.1:8',
      'TCP  10.0.0.1:80',
      'TCP  10.0.0.3:80',
      'UDP  10.0.0.1:3',
      'SCTP 10.0.0.1:41',
      'TCP  [2001:db8::1]:80',
      'FWM  7 IPv6',
      'FWM  12',
    ],
  )
  assert.deepEqual(formatTable(unsorted, { sort: false }).split('\n')[2], 'FWM  12 wlc')
})
