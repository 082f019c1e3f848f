/** A set is brought to what is wanted by what differs alone, whatever form that is written in. */
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Entry, SetOptions, Sets, SetTypeName } from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

const address = (index: number) => `10.0.${(index >> 8) & 255}.${index & 255}`
const addresses = (count: number, first = 1) =>
  Array.from({ length: count }, (_, index) => address(first + index))

const bigint = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)

async function lines(sets: Sets, name: string): Promise<string[]> {
  return (await sets.save(name)).trimEnd().split('\n').slice(1).sort()
}

/** What `replace` makes of the entries, the set has after `sync`. */
async function syncsAsReplaceDoes(sets: Sets, wanted: readonly (string | Entry)[]) {
  const { type, ...options } = await sets.header('x')
  await sets.create('y', type, options)
  await sets.replace('y', wanted, { exist: 'ignore' })
  const expected = (await lines(sets, 'y')).map((line) => line.replace('add y', 'add x'))
  await sets.destroy('y')
  const report = await sets.sync('x', wanted)
  assert.deepEqual(await lines(sets, 'x'), expected)
  return report
}

test('only what differs is changed, and the rest keeps its counters', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip', { counters: true, comment: true })
    await sets.add('x', addresses(5000))
    await sets.add('x', `${address(100)} packets 7`, { exist: 'ignore' })
    const wanted = [...addresses(4990, 11), `${address(9000)} comment "new"`]
    const report = await sets.sync('x', wanted)
    assert.deepEqual([report.by, report.added, report.removed, report.applied], ['difference', 1, 10, 11])
    const kept = (await sets.entries('x')).find((entry) => entry.address === address(100))
    assert.equal(kept?.packets, 7n)
    const again = await sets.sync('x', wanted)
    assert.deepEqual([again.by, again.added, again.removed], ['difference', 0, 0])
  }),
)

test('every form of an entry ends in the same set as replace makes', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip,port', { comment: true })
    await sets.add('x', [
      '10.0.0.1,tcp:80',
      '10.0.0.2,udp:53',
      '10.0.0.3,tcp:1 comment "old"',
      '10.0.0.4,icmp:8/0',
    ])
    await syncsAsReplaceDoes(sets, [
      '10.0.0.1,80',
      { address: '10.0.0.2', protocol: 'udp', port: 53 },
      '10.0.0.3,tcp:1 comment "new"',
      '10.0.0.4,icmp:echo-request',
      '10.0.0.4,icmp:8/0',
      '10.1.0.0/30,90-91',
    ])
    await syncsAsReplaceDoes(sets, [])
    await syncsAsReplaceDoes(
      sets,
      addresses(50).map((text) => `${text},tcp:80`),
    )
  }),
)

const savedForms: [type: SetTypeName, options: SetOptions, entries: readonly string[]][] = [
  [
    'hash:ip,port',
    {},
    ['10.0.0.1,icmp:echo-request', '10.0.0.2,icmp:8/1', '10.0.0.3,ah:0', '10.0.0.4,47:0', '10.0.0.5,ospf:0'],
  ],
  ['hash:ip,port', { family: 'inet6' }, ['2001:DB8::1,ipv6-icmp:ping', '::1,80']],
  ['bitmap:ip,mac', { range: '10.0.0.0/24' }, ['10.0.0.1,00:11:22:AA:bb:CC', '10.0.0.2']],
  ['bitmap:port', { range: '0-100' }, ['80', 'tcp:81', '0x52']],
  [
    'hash:ip',
    { skbinfo: true },
    ['10.0.0.1 skbmark 0x10/0xff skbprio 1:10 skbqueue 3', '10.0.0.2 skbmark 7'],
  ],
  ['hash:ip', { comment: true }, ['10.0.0.1 comment "x packets 1 bytes 2"']],
  ['hash:net', { comment: true }, ['10.0.0.0/8 nomatch', '10.1.2.3/16', '10.2.0.1/32 comment "one"']],
  ['hash:net', { family: 'inet6' }, ['2001:db8:1:2:3::/41', '::1/128']],
  ['hash:net,iface', {}, ['10.0.0.0/8,physdev:eth0', '10.0.0.0/9,ppp wildcard', '0.0.0.0/0,eth0']],
]

for (const [type, options, entries] of savedForms) {
  test(`what a set of ${type} has stays, in the form of save and in any other: ${entries[0]}`, { skip }, () =>
    withKernel(async ({ sets }) => {
      await sets.create('x', type, { ...options, counters: true })
      await sets.add('x', entries)
      const saved = (await lines(sets, 'x')).map((line) => line.slice('add x '.length))
      const plain = saved.map((entry) => entry.replace(/ packets \d+ bytes \d+/, ''))
      const objects = (await sets.entries('x')).map((entry): Entry =>
        Object.fromEntries(Object.entries(entry).filter(([key]) => !['packets', 'bytes'].includes(key))),
      )
      await sets.add(
        'x',
        saved.map((entry) => entry.replace(/ packets 0 bytes 0/, ' packets 5 bytes 50')),
        { exist: 'ignore' },
      )
      for (const wanted of [plain, objects, entries]) {
        const { by, added, removed } = await sets.sync('x', wanted)
        assert.deepEqual([by, added, removed], ['difference', 0, 0], JSON.stringify(wanted, bigint))
      }
      assert.ok(
        (await sets.entries('x')).every(({ packets }) => packets === 5n),
        'counters were kept',
      )
    }),
  )
}

test('networks, timeouts and lists are brought to what is wanted', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:net')
    await sets.add('x', ['10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/8'])
    await syncsAsReplaceDoes(sets, ['10.0.0.0/8', '10.1.0.0/16 nomatch', '12.1.2.3/8'])
    await sets.destroy('x')
    await sets.create('x', 'hash:ip', { timeout: 1000 })
    await sets.add('x', ['10.0.0.1 timeout 5'])
    const report = await sets.sync('x', ['10.0.0.1', '10.0.0.2'])
    assert.equal(report.by, 'replacement')
    assert.ok((await sets.entries('x')).every(({ timeout = 0 }) => timeout > 900))
    await sets.create('list', 'list:set')
    await sets.create('other', 'hash:ip')
    await sets.sync('list', ['other', 'x'])
    await sets.sync('list', ['x', 'other'])
    assert.deepEqual(
      (await sets.entries('list')).map(({ set }) => set),
      ['x', 'other'],
    )
  }),
)

test('an entry that is refused leaves the set as it was', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip', { maxelem: 12 })
    await sets.add('x', addresses(10))
    const before = await lines(sets, 'x')
    await assert.rejects(sets.sync('x', [...addresses(8), 'nonsense']), { code: 'ERR_INVALID_ARGUMENT' })
    assert.deepEqual(await lines(sets, 'x'), before)
    await assert.rejects(sets.sync('x', addresses(14)), { code: 'IPSET_ERR_HASH_FULL' })
    assert.deepEqual(await lines(sets, 'x'), before)
    assert.equal((await sets.list()).length, 1)
  }),
)
