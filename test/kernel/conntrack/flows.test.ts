/** The table of flows: made, read, changed and deleted through ctnetlink. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'

import type { Flow, FlowKey, NewFlow } from '../../../lib/index.js'
import { udpFlow, udpFlows } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

const run = promisify(execFile)

const ipv6: NewFlow = {
  original: {
    protocol: 'tcp',
    source: 'fd00::1',
    destination: 'fd00::2',
    sourcePort: 40000,
    destinationPort: 443,
  },
  timeoutSeconds: 100,
  tcp: { state: 'established' },
}

const sources = (flows: readonly Flow[]): string[] => flows.map(({ original }) => original.source).sort()

test('a flow that was made is read back with all that it was given', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.create({ ...ipv6, mark: 7, zone: 3, status: ['seen-reply', 'assured'] })
    const [flow, ...others] = await conntrack.flows()
    assert.deepEqual(others, [])
    assert.equal(flow?.family, 'inet6')
    assert.deepEqual(flow?.original, ipv6.original)
    assert.deepEqual(flow?.reply, {
      protocol: 'tcp',
      source: 'fd00::2',
      destination: 'fd00::1',
      sourcePort: 443,
      destinationPort: 40000,
    })
    assert.equal(flow?.tcp?.state, 'established')
    assert.deepEqual([flow?.mark, flow?.zone], [7, 3])
    assert.deepEqual(flow?.status, ['seen-reply', 'assured', 'confirmed'])
    assert.equal(flow?.nat, undefined)
    assert.ok((flow?.timeoutSeconds ?? 0) > 90)
  }),
)

test('flows of every protocol that the kernel tracks are told apart', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const ports = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1000, destinationPort: 2000 }
    const made: NewFlow['original'][] = [
      { protocol: 'tcp', ...ports },
      { protocol: 'udp', ...ports },
      { protocol: 'sctp', ...ports },
      { protocol: 'gre', ...ports },
      {
        protocol: 'icmp',
        source: '10.0.0.1',
        destination: '10.0.0.2',
        icmp: { id: 77, type: 8, code: 0 },
      },
      { protocol: 'icmpv6', source: 'fd00::1', destination: 'fd00::2', icmp: { id: 78, type: 128, code: 0 } },
      { protocol: 99, source: '10.0.0.1', destination: '10.0.0.2' },
    ]
    for (const original of made) {
      await conntrack.create({
        original,
        timeoutSeconds: 60,
        ...(original.protocol === 'tcp' && { tcp: { state: 'syn-sent' } }),
        ...(original.protocol === 'sctp' && {
          sctp: { state: 'cookie-wait', tags: { original: 1, reply: 2 } },
        }),
      })
    }
    const flows = await conntrack.flows()
    const byProtocol = new Map(flows.map((flow) => [flow.protocol, flow]))
    for (const original of made) assert.deepEqual(byProtocol.get(original.protocol)?.original, original)
    assert.equal(byProtocol.get('tcp')?.tcp?.state, 'syn-sent')
    assert.deepEqual(byProtocol.get('sctp')?.sctp, { state: 'cookie-wait', tags: { original: 1, reply: 2 } })
    assert.deepEqual(byProtocol.get('icmp')?.reply.icmp, { id: 77, type: 0, code: 0 })
  }),
)

test('labels are kept where a rule of the namespace uses them, set and cleared under a mask', { skip }, () =>
  withKernel(async ({ conntrack }, { name }) => {
    const chain = 'chain c { type filter hook input priority 0; ct label 1 accept; }'
    await run('ip', ['netns', 'exec', name, 'nft', `table inet t { ${chain}; }`])
    const { original } = udpFlow(1)
    await conntrack.create(udpFlow(1, { labels: [0, 5, 127] }))
    const labels = async () => (await conntrack.get({ original }))?.labels
    assert.deepEqual(await labels(), [0, 5, 127])
    await conntrack.update({ original }, { labels: [3], labelsMask: [3, 5] })
    assert.deepEqual(await labels(), [0, 3, 127])
    await conntrack.update({ original }, { labels: [64] })
    assert.deepEqual(await labels(), [64])
  }),
)

test('status bits are set, and one that the kernel does not clear is refused', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const { original } = udpFlow(1)
    await conntrack.create(udpFlow(1))
    await conntrack.update({ original }, { status: ['seen-reply', 'assured'] })
    assert.deepEqual((await conntrack.get({ original }))?.status, ['seen-reply', 'assured', 'confirmed'])
    await assert.rejects(conntrack.update({ original }, { status: ['seen-reply'] }), { code: 'EBUSY' })
    assert.deepEqual((await conntrack.get({ original }))?.status, ['seen-reply', 'assured', 'confirmed'])
  }),
)

test('an id finds its flow and no other, and cannot be asked for in a change', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const { original } = udpFlow(1)
    await conntrack.create(udpFlow(1))
    const id = (await conntrack.get({ original }))?.id ?? 0
    assert.equal((await conntrack.get({ original, id }))?.id, id)
    assert.equal(await conntrack.get({ original, id: (id + 1) >>> 0 }), undefined)
    const key: FlowKey = { original, id }
    await assert.rejects(conntrack.update(key, { mark: 1 }), {
      code: 'ERR_INVALID_ARGUMENT',
      field: 'key.id',
    })
  }),
)

test('a condition on ports or the protocol finds flows of both families', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const wide = { source: 'fd00::1', destination: 'fd00::2', sourcePort: 7, destinationPort: 53 }
    const flow: NewFlow = { original: { protocol: 'udp', ...wide }, timeoutSeconds: 60 }
    await conntrack.createAll([...udpFlows(100), flow, ipv6])
    const byPort = await conntrack.flows({ protocol: 'udp', original: { destinationPort: 53 } })
    assert.equal(byPort.length, 101)
    assert.equal(new Set(byPort.map(({ id }) => id)).size, 101)
    assert.deepEqual(sources(await conntrack.flows({ protocol: 'tcp' })), ['fd00::1'])
    assert.deepEqual(sources(await conntrack.flows({ reply: { destinationPort: 7 } })), ['fd00::1'])
  }),
)

test('translation asked for at creation shows in the flow', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.create(udpFlow(1, { nat: { destination: { address: '10.1.1.1', port: 5353 } } }))
    const [flow] = await conntrack.flows()
    assert.deepEqual(flow?.nat, { destination: { address: '10.1.1.1', port: 5353 } })
    assert.ok(flow?.status.includes('dst-nat'))
  }),
)

test('every condition of a filter leaves exactly the flows that meet it', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const { failed } = await conntrack.createAll([
      udpFlow(1, { mark: 0x11 }),
      udpFlow(2, { mark: 0x21, zone: 5 }),
      udpFlow(3, { destination: '10.96.0.2', status: ['seen-reply', 'assured'] }),
      ipv6,
    ])
    assert.deepEqual(failed, [])
    const found = async (filter: Parameters<typeof conntrack.flows>[0]) =>
      sources(await conntrack.flows(filter))
    assert.deepEqual(await found({}), ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1'])
    assert.deepEqual(await found({ family: 'inet6' }), ['fd00::1'])
    assert.deepEqual(await found({ protocol: 'tcp' }), ['fd00::1'])
    assert.deepEqual(await found({ mark: 0x11 }), ['10.0.0.1'])
    assert.deepEqual(await found({ mark: { value: 1, mask: 0xf } }), ['10.0.0.1', '10.0.0.2'])
    assert.deepEqual(await found({ zone: 5 }), ['10.0.0.2'])
    assert.deepEqual(await found({ status: ['assured'] }), ['10.0.0.3'])
    assert.deepEqual(await found({ original: { destination: '10.96.0.2' } }), ['10.0.0.3'])
    assert.deepEqual(await found({ original: { source: '10.0.0.0/31' } }), ['10.0.0.1'])
    assert.deepEqual(await found({ protocol: 'udp', reply: { sourcePort: 53, source: '10.96.0.1' } }), [
      '10.0.0.1',
      '10.0.0.2',
    ])
    assert.deepEqual(await found({ original: { destinationPort: 443 } }), ['fd00::1'])
    assert.deepEqual(await found({ original: { destination: '10.99.0.0/16' } }), [])
  }),
)

test('a flow of a zone is found and changed only with its zone', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const { original } = udpFlow(1)
    await conntrack.create({ original, timeoutSeconds: 60, zone: 9 })
    assert.equal(await conntrack.get({ original }), undefined)
    assert.equal((await conntrack.get({ original, zone: 9 }))?.zone, 9)
    await assert.rejects(conntrack.update({ original }, { mark: 1 }), { code: 'ENOENT', operation: 'update' })
    await conntrack.update({ original, zone: 9 }, { mark: 1, timeoutSeconds: 1000 })
    const flow = await conntrack.get({ original, zone: 9 })
    assert.equal(flow?.mark, 1)
    assert.ok((flow?.timeoutSeconds ?? 0) > 900)
  }),
)

test('a mark is changed under its mask', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    const { original } = udpFlow(1)
    await conntrack.create(udpFlow(1, { mark: 0xff }))
    await conntrack.update({ original }, { mark: { value: 0x10, mask: 0xf0 } })
    assert.equal((await conntrack.get({ original }))?.mark, 0x1f)
  }),
)

test('what the kernel refuses is named, and does not keep the rest from being made', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.create(udpFlow(1))
    await assert.rejects(conntrack.create(udpFlow(1)), { code: 'EEXIST', operation: 'create' })
    const report = await conntrack.createAll([udpFlow(0), udpFlow(1), udpFlow(2)])
    assert.equal(report.applied, 2)
    assert.deepEqual(
      report.failed.map(({ index, error }) => [index, error.code]),
      [[1, 'EEXIST']],
    )
  }),
)

test('delete takes what matches and nothing else, also by conditions that no kernel knows', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.createAll([...udpFlows(1000), udpFlow(5000, { zone: 4 }), ipv6])
    const network = await conntrack.delete({ original: { source: '10.0.1.0/24' } })
    assert.deepEqual(network, { deleted: 256, gone: 0, inKernel: false })
    const zone = await conntrack.delete({ zone: 4 })
    assert.equal(zone.deleted, 1)
    const family = await conntrack.flush({ family: 'inet6' })
    assert.equal(family.deleted, 1)
    assert.equal((await conntrack.count()).entries, 744)
    assert.equal((await conntrack.flush()).deleted, 744)
    assert.deepEqual(await conntrack.flows(), [])
  }),
)

test('flushing one family leaves the other alone', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.createAll([udpFlow(1), ipv6])
    await conntrack.flush({ family: 'inet' })
    assert.deepEqual(sources(await conntrack.flows()), ['fd00::1'])
  }),
)

test('the counts and the counters of each processor are read', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.createAll(udpFlows(10))
    const { entries, maxEntries } = await conntrack.count()
    assert.equal(entries, 10)
    assert.ok(maxEntries > 0)
    const stats = await conntrack.stats()
    assert.ok(stats.length > 0)
    assert.deepEqual(
      stats.map(({ cpu }) => cpu),
      stats.map((_, cpu) => cpu),
    )
    assert.deepEqual(await conntrack.expectations(), [])
  }),
)

test('accounting is switched on once, and said to be', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    assert.equal((await conntrack.enableAccounting()).changed, true)
    assert.equal((await conntrack.enableAccounting()).changed, false)
    await conntrack.enableTimestamps()
    await conntrack.create(udpFlow(1))
    const [flow] = await conntrack.flows()
    assert.deepEqual(flow?.counters?.original, { packets: 0n, bytes: 0n })
    assert.ok((flow?.timestamps?.startNs ?? 0n) > 0n)
  }),
)
