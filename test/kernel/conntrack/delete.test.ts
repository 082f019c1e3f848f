/** Deleting by a filter: exactly the flows that the same filter lists, whoever chooses them. */
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Conntrack, Flow, FlowFilter, FlowTuple, NewFlow } from '../../../lib/index.js'
import { udpFlow } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

const idsOf = (flows: readonly Flow[]): number[] => flows.map(({ id }) => id).sort((a, b) => a - b)

/** What a deletion takes out of the table, beside what the filter listed before, and what it says of itself. */
async function deleteAndCompare(table: Conntrack, filter: FlowFilter) {
  const listed = idsOf(await table.flows(filter))
  const before = await table.flows()
  const report = await table.delete(filter)
  const left = new Set(idsOf(await table.flows()))
  const deleted = idsOf(before).filter((id) => !left.has(id))
  return { listed, deleted, report }
}

/** Three ports, in either family. */
function flowsOf(protocol: FlowTuple['protocol']): NewFlow[] {
  const families = [
    { source: '10.0.0.1', destination: '10.0.0.2' },
    { source: 'fd00::1', destination: 'fd00::2' },
  ]
  const state = {
    ...(protocol === 'tcp' && { tcp: { state: 'established' as const } }),
    ...(protocol === 'sctp' && { sctp: { state: 'established' as const } }),
  }
  return families.flatMap((ends) =>
    [80, 443, 8080].map((destinationPort) => ({
      original: { protocol, ...ends, sourcePort: 1000 + destinationPort, destinationPort },
      timeoutSeconds: 60,
      ...state,
    })),
  )
}

/** One flow of each of the protocols that have no ports. */
const withoutPorts: readonly NewFlow[] = [
  {
    protocol: 'icmp' as const,
    source: '10.0.0.1',
    destination: '10.0.0.2',
    icmp: { id: 1, type: 8, code: 0 },
  },
  {
    protocol: 'icmpv6' as const,
    source: 'fd00::1',
    destination: 'fd00::2',
    icmp: { id: 1, type: 128, code: 0 },
  },
  { protocol: 99, source: '10.0.0.1', destination: '10.0.0.2' },
].map((original) => ({ original, timeoutSeconds: 60 }))

for (const protocol of ['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'gre', 'icmp', 'icmpv6', 99] as const) {
  test(`by ports of ${protocol} go the flows that are listed by them, and no others`, { skip }, () =>
    withKernel(async ({ conntrack }) => {
      const all = [...flowsOf('tcp'), ...flowsOf('udp'), ...flowsOf('sctp'), ...withoutPorts]
      // Not every kernel tracks these: then they are a protocol without ports.
      const rare =
        protocol === 'udplite' || protocol === 'dccp' || protocol === 'gre' ? flowsOf(protocol) : []
      for (const family of ['inet', 'inet6'] as const) {
        for (const conditions of [
          { original: { destinationPort: 80 } },
          { original: { destinationPort: 5 } },
          { reply: { sourcePort: 443 } },
          { original: { sourcePort: 9080, destinationPort: 8080 }, reply: { destinationPort: 9080 } },
        ]) {
          await conntrack.flush()
          await conntrack.createAll([...all, ...rare])
          const filter = { family, protocol, ...conditions }
          const { listed, deleted, report } = await deleteAndCompare(conntrack, filter)
          assert.deepEqual(deleted, listed, JSON.stringify(filter))
          assert.equal(report.deleted, listed.length)
        }
      }
    }),
  )
}

test('a zone takes the flows that have it, be it in one direction only', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const reversed = (number: number): FlowTuple => {
      const { source, destination, protocol, sourcePort = 0, destinationPort = 0 } = udpFlow(number).original
      const ends = { source: destination, destination: source }
      return { ...ends, protocol, sourcePort: destinationPort, destinationPort: sourcePort }
    }
    const flows = [
      { ...udpFlow(1), reply: { ...reversed(1), zone: 5 } },
      { ...udpFlow(2), original: { ...udpFlow(2).original, zone: 5 } },
      udpFlow(3, { zone: 5 }),
      udpFlow(4),
      udpFlow(5, { zone: 6 }),
    ]
    // Chosen by the kernel where it can, and one by one, which a network makes necessary.
    for (const more of [{}, { original: { source: '10.0.0.0/16' } }]) {
      await conntrack.flush()
      assert.deepEqual((await conntrack.createAll(flows)).failed, [])
      for (const [zone, count] of [
        [5, 3],
        [0, 1],
        [7, 0],
      ] as const) {
        const { listed, deleted } = await deleteAndCompare(conntrack, { zone, ...more })
        assert.equal(listed.length, count)
        assert.deepEqual(deleted, listed)
      }
      assert.equal((await conntrack.count()).entries, 1)
    }
  }),
)

/** For each capability a filter that needs no other, and how many of the flows below it means. */
const conditions = [
  ['family', { family: 'inet6' }, 3],
  ['mark', { mark: { value: 0x10, mask: 0xf0 } }, 2],
  ['status', { status: ['assured'] }, 1],
  ['zone', { zone: 5 }, 1],
] as const

test('what this kernel is said to choose by itself it does choose, and nothing else', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const able = await conntrack.deletionCapabilities()
    const flows = [
      udpFlow(1, { mark: 0x11 }),
      udpFlow(2, { mark: 0x12, zone: 5 }),
      udpFlow(3, { status: ['seen-reply', 'assured'] }),
      ...flowsOf('tcp'),
    ]
    const tuple = { family: 'inet', protocol: 'tcp', original: { destinationPort: 80 } } as const
    for (const [name, filter, count] of [...conditions, ['tuple', tuple, 1] as const]) {
      await conntrack.flush()
      assert.deepEqual((await conntrack.createAll(flows)).failed, [])
      const { listed, deleted, report } = await deleteAndCompare(conntrack, filter)
      assert.equal(listed.length, count)
      assert.deepEqual(deleted, listed)
      const inKernel = name === 'tuple' ? able.tuple && able.family : able[name]
      assert.deepEqual(report, { deleted: count, gone: 0, inKernel }, name)
    }
  }),
)
