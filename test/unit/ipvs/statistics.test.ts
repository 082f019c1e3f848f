import assert from 'node:assert/strict'
import test from 'node:test'

import { parseStatistics, readStatistics } from '../../../lib/ipvs/statistics.js'
import { withFiles } from '../../support/files.js'

/** In the kernel's format, of a machine with eleven CPUs, so that one of them is called A. */
const PER_CPU = `\
       Total Incoming Outgoing         Incoming         Outgoing
CPU    Conns  Packets  Packets            Bytes            Bytes
  0        6        B        6              2B8              1A8
  1        0        0        0                0                0
  A FFFFFFFFF 10 11 FFFFFFFFFFFFFFFF 13
  ~       1A        B        6              2B8              1A8

     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
           1        2        3                4               10
`
const TOTAL = `\
   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      1A        B        6              2B8              1A8

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        2        3                4               10
`

const counters = {
  connections: 26n,
  incomingPackets: 11n,
  outgoingPackets: 6n,
  incomingBytes: 0x2b8n,
  outgoingBytes: 0x1a8n,
}
const rates = {
  connectionsPerSecond: 1n,
  incomingPacketsPerSecond: 2n,
  outgoingPacketsPerSecond: 3n,
  incomingBytesPerSecond: 4n,
  outgoingBytesPerSecond: 16n,
}

test('totals, rates and what each CPU counted are read as bigints', async () => {
  const statistics = await withFiles({ '/proc/net/ip_vs_stats_percpu': PER_CPU }, readStatistics)
  assert.deepEqual(statistics.counters, counters)
  assert.deepEqual(statistics.rates, rates)
  assert.deepEqual(
    statistics.perCpu.map(({ cpu }) => cpu),
    [0, 1, 10],
  )
  assert.deepEqual(statistics.perCpu[2]?.counters, {
    connections: 0xfffffffffn,
    incomingPackets: 16n,
    outgoingPackets: 17n,
    incomingBytes: 0xffffffffffffffffn,
    outgoingBytes: 19n,
  })
})

test('the table without CPUs reads the same', () => {
  assert.deepEqual(parseStatistics(TOTAL), { counters, rates, perCpu: [] })
})

test('text that is none of the kernel’s is an error', () => {
  for (const text of ['', PER_CPU.replace('~', '!').replace(/\n\n[^]*/, ''), 'Conns\n 1 2\n']) {
    assert.throws(() => parseStatistics(text), { code: 'ERR_PROC_FORMAT' })
  }
})
