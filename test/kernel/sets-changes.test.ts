/** Many entries at once: what takes effect, what is refused, and what the report says of it. */
import assert from 'node:assert/strict'
import test from 'node:test'

import {
  Batch,
  InvalidArgumentError,
  InvalidEntryError,
  SetEntryError,
  type Entry,
  type FailedOperation,
  type Sets,
} from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

function address(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
}

function addresses(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => address(first + index))
}

async function elements(sets: Sets, name: string): Promise<string[]> {
  return (await sets.entries(name)).map((entry) => entry.address ?? '').sort()
}

function reasons(failed: readonly FailedOperation[]): [index: number, reason: string][] {
  return failed.map(({ index, error }) => [index, error instanceof SetEntryError ? error.reason : error.code])
}

test('a list goes on behind each refused entry, wherever it stands', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip', { maxelem: 100_000 })
    const all = addresses(20_000)
    // Lonely ones, a dense stretch, the first and the last: lists are cut in every way.
    const there = new Set([0, 1, 2729, 2730, 2731, 7000, 19_998, 19_999])
    for (let index = 10_000; index < 11_000; index++) there.add(index)
    for (let index = 15_000; index < 16_000; index += 7) there.add(index)
    await sets.add(
      'x',
      [...there].map((index) => all[index] as string),
    )
    const report = await sets.add('x', all, { onError: 'continue' })
    const expected = [...there].sort((a, b) => a - b).map((index) => [index, 'already-there'])
    assert.deepEqual(reasons(report.failed), expected)
    assert.equal(report.applied, all.length - there.size)
    assert.equal(report.outcome(7000), 'failed')
    assert.equal(report.outcome(7001), 'applied')
    assert.deepEqual(await elements(sets, 'x'), [...all].sort())

    const removed = await sets.remove('x', [...all, '192.0.2.1', '192.0.2.2'], { onError: 'continue' })
    assert.deepEqual(reasons(removed.failed), [
      [20_000, 'absent'],
      [20_001, 'absent'],
    ])
    assert.deepEqual(await elements(sets, 'x'), [])
  }),
)

test('a duplicate within one call is refused where it stands', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip')
    const report = await sets.add('x', ['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.3'], {
      onError: 'continue',
    })
    assert.deepEqual(reasons(report.failed), [[2, 'already-there']])
    assert.equal(report.applied, 3)
    const ignored = await sets.add('x', ['10.0.0.1', '10.0.0.4', '10.0.0.4'], { exist: 'ignore' })
    assert.equal(ignored.applied, 3)
  }),
)

test('stop sends nothing behind the refused entry', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip', { maxelem: 100_000 })
    const all = addresses(9000)
    await sets.add('x', all[4000] as string)
    const error = await sets.add('x', all).then(
      () => assert.fail('was not refused'),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof SetEntryError)
    assert.deepEqual([error.index, error.entry, error.report?.applied], [4000, all[4000], 4000])
    assert.equal(error.report?.notAttempted, all.length - 4001)
    assert.deepEqual(await elements(sets, 'x'), all.slice(0, 4001).sort())
  }),
)

test('an entry that does not fit is left out, the others are sent', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip')
    const report = await sets.add('x', ['10.0.0.1', 'nonsense', '10.0.0.2', '10.0.0.1', ''], {
      onError: 'continue',
    })
    assert.deepEqual(reasons(report.failed), [
      [1, 'ERR_INVALID_ARGUMENT'],
      [3, 'already-there'],
      [4, 'ERR_INVALID_ARGUMENT'],
    ])
    assert.deepEqual(await elements(sets, 'x'), ['10.0.0.1', '10.0.0.2'])
  }),
)

/** 20,000 entries, of which the one in the middle is none. */
function oneBad(bad: string | Entry): (string | Entry)[] {
  return addresses(20_000).map((text, index) => (index === 12_000 ? bad : text))
}

const noEntries: [what: string, bad: string | Entry, field: string][] = [
  ['an object that text cannot hold', { address: '10.9.9.9', comment: 'a"b' }, 'comment'],
  ['no entry at all', null as unknown as Entry, 'entry'],
  ['a text with a zero byte', '10.9.9.9\0' + '10.9.9.8', 'entry'],
  ['a text that starts with a control character', '\u0001rx-x', 'entry'],
]

for (const [what, bad, field] of noEntries) {
  test(`${what} is a failed entry among the others`, { skip }, () =>
    withKernel(async ({ sets }) => {
      await sets.create('x', 'hash:ip', { maxelem: 100_000 })
      const went = await sets.add('x', oneBad(bad), { onError: 'continue' })
      assert.deepEqual(
        went.failed.map(({ index, error }) => [index, error instanceof InvalidEntryError && error.field]),
        [[12_000, field]],
      )
      assert.equal(went.applied, 19_999)
      await sets.flush('x')
      const error = await sets.add('x', oneBad(bad)).then(
        () => assert.fail('was not refused'),
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof InvalidEntryError, String(error))
      assert.deepEqual([error.index, error.field, error.report?.applied], [12_000, field, 12_000])
      assert.equal((await sets.header('x')).entries, 12_000, 'what stood before it')
      await sets.flush('x')
      await assert.rejects(sets.add('x', oneBad(bad), { onError: 'rollback' }), { index: 12_000 })
      assert.equal((await sets.header('x')).entries, 0, 'taken back')
      await assert.rejects(sets.has('x', oneBad(bad)), { name: 'InvalidEntryError', index: 12_000 })
    }),
  )
}

test('a text that would be two is refused as it is added to a batch, which keeps the others', { skip }, () =>
  withKernel(async (kernel) => {
    await kernel.sets.create('x', 'hash:ip')
    const batch = new Batch().addEntry('x', '10.0.0.1').addEntry('x', '10.0.0.2')
    for (const bad of ['10.0.0.3\0' + '10.0.0.4', '\u0001rx-x']) {
      assert.throws(() => batch.addEntry('x', bad), InvalidArgumentError)
    }
    assert.equal(batch.size, 2)
    assert.equal((await kernel.commit(batch)).applied, 2)
    assert.deepEqual(await elements(kernel.sets, 'x'), ['10.0.0.1', '10.0.0.2'])
  }),
)

test('a full set names each entry that had no room', { skip }, () =>
  withKernel(async ({ sets }) => {
    // Small: from 1024 buckets on the kernel counts each region of the hash by itself, and lets some more in.
    await sets.create('x', 'hash:ip', { maxelem: 1000 })
    const report = await sets.add('x', addresses(1500), { onError: 'continue' })
    assert.equal(report.applied, 1000)
    assert.ok(report.failed.every(({ error }) => error instanceof SetEntryError && error.reason === 'full'))
    assert.deepEqual(
      report.failed.map(({ index }) => index),
      Array.from({ length: 500 }, (_, i) => 1000 + i),
    )
  }),
)

test('text, objects, generators and columns make the same set', { skip }, () =>
  withKernel(async ({ sets }) => {
    const count = 5000
    const objects = Array.from({ length: count }, (_, index): Entry => ({
      address: address(index + 1),
      protocol: 'udp',
      port: (index % 60_000) + 1,
    }))
    const texts = objects.map((entry) => `${entry.address},udp:${entry.port}`)
    const saved: string[] = []
    const forms = [
      texts,
      objects,
      texts.map((text, index) => (index % 2 === 0 ? text : (objects[index] as Entry))),
      new Set(texts),
      (async function* () {
        yield* texts
      })(),
      {
        addresses: Uint32Array.from({ length: count }, (_, index) => 0x0a000001 + index),
        ports: Uint16Array.from({ length: count }, (_, index) => (index % 60_000) + 1),
        protocols: 'udp',
      },
    ]
    for (const form of forms) {
      await sets.create('x', 'hash:ip,port', { initval: 1 })
      assert.equal((await sets.add('x', form)).applied, count)
      saved.push((await sets.save('x')).split('\n').sort().join('\n'))
      await sets.destroy('x')
    }
    assert.equal(new Set(saved).size, 1)
  }),
)

test('columns carry every kind of element', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('v6', 'hash:ip', { family: 'inet6' })
    const bytes = new Uint8Array(32)
    bytes.set([0x20, 1, 0x0d, 0xb8], 0)
    bytes[15] = 1
    bytes[31] = 2
    await sets.add('v6', { addresses: bytes })
    assert.deepEqual(await elements(sets, 'v6'), ['2001:db8::1', '::2'])
    await sets.create('net', 'hash:net', { timeout: 0, counters: true })
    await sets.add('net', {
      addresses: Uint32Array.of(0x0a000000, 0x0b000000),
      prefixLengths: Uint8Array.of(8, 16),
      timeouts: 0,
      packets: BigUint64Array.of(1n, 2n),
    })
    const read = await sets.entries('net')
    assert.deepEqual(
      read.map(({ address: text, prefixLength, packets }) => [text, prefixLength, packets]).sort(),
      [
        ['10.0.0.0', 8, 1n],
        ['11.0.0.0', 16, 2n],
      ],
    )
    const report = await sets.add(
      'net',
      { addresses: Uint32Array.of(0x0c000000, 0x0d000000), prefixLengths: Uint8Array.of(0, 8) },
      { onError: 'continue' },
    )
    assert.equal(report.applied, 1)
    assert.deepEqual(
      report.failed.map(({ target }) => target),
      [{ set: 'net', entry: '12.0.0.0/0' }],
    )
  }),
)

test('has answers for one and for many', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:net')
    await sets.add('x', ['10.0.0.0/8', '10.1.0.0/16 nomatch'])
    assert.equal(await sets.has('x', '10.2.3.4'), true)
    assert.equal(await sets.has('x', '10.1.3.4'), false)
    assert.equal(await sets.has('x', { address: '11.0.0.1' }), false)
    const many = Array.from(
      { length: 10_000 },
      (_, index) => `${index % 3 === 0 ? 10 : 11}.9.${index >> 8}.${index & 255}`,
    )
    assert.deepEqual(
      await sets.has('x', many),
      many.map((_, index) => index % 3 === 0),
    )
    assert.deepEqual(await sets.has('x', []), [])
  }),
)

test('one batch changes several sets in order', { skip }, () =>
  withKernel(async (kernel) => {
    await kernel.sets.create('a', 'hash:ip')
    await kernel.sets.create('b', 'hash:ip,port')
    const batch = new Batch()
      .addEntry('a', '10.0.0.1')
      .addEntry('b', { address: '10.0.0.1', port: 80 })
      .removeEntry('a', '10.0.0.1')
      .addEntry('a', '10.0.0.1')
      .addEntry('a', '10.0.0.1', { exist: 'ignore' })
      .addEntry('nosuch', '10.0.0.1')
      .removeEntry('b', '10.0.0.9,80')
      .addEntry('b', '10.0.0.2,http', { serviceNames: true })
    const report = await kernel.commit(batch, { onError: 'continue' })
    assert.deepEqual(
      report.failed.map(({ index, operation, error }) => [index, operation, error.code]),
      [
        [5, 'addEntry', 'ENOENT'],
        [6, 'removeEntry', 'IPSET_ERR_EXIST'],
      ],
    )
    assert.deepEqual(await elements(kernel.sets, 'a'), ['10.0.0.1'])
    assert.deepEqual(await elements(kernel.sets, 'b'), ['10.0.0.1', '10.0.0.2'])
  }),
)

test('a set is replaced at once, or not at all', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip', { maxelem: 1000, comment: true, timeout: 100, forceadd: false })
    await sets.add('x', addresses(10))
    const before = await sets.header('x')
    await sets.replace('x', addresses(900, 100))
    assert.deepEqual(await elements(sets, 'x'), addresses(900, 100).sort())
    const { maxelem, comment, timeout } = await sets.header('x')
    assert.deepEqual([maxelem, comment, timeout], [before.maxelem, before.comment, before.timeout])
    for (const bad of [['10.0.0.1', 'nonsense'], ['10.0.0.1', '10.0.0.1'], addresses(1001)]) {
      await assert.rejects(sets.replace('x', bad))
      assert.deepEqual(await elements(sets, 'x'), addresses(900, 100).sort(), 'as it was')
    }
    await assert.rejects(sets.replace('x', addresses(900), { signal: AbortSignal.abort() }))
    assert.deepEqual(
      (await sets.list()).map(({ name }) => name),
      ['x'],
      'nothing is left behind',
    )
  }),
)

test('a refused line of a restored text is named, and what stood before it took effect', { skip }, () =>
  withKernel(async ({ sets }) => {
    const text = [
      '# a comment',
      'create x hash:ip',
      'add x 10.0.0.1',
      '',
      'add x 10.0.0.1',
      'add x 10.0.0.2',
    ].join('\n')
    await assert.rejects(sets.restore(text), { name: 'SetRestoreError', line: 5, code: 'IPSET_ERR_EXIST' })
    assert.deepEqual(await elements(sets, 'x'), ['10.0.0.1'])
    const report = await sets.restore(text, { exist: 'ignore' })
    assert.deepEqual([report.lines, report.by], [6, 'ipvs-director'])
    assert.deepEqual(await elements(sets, 'x'), ['10.0.0.1', '10.0.0.2'])
    await assert.rejects(sets.restore('flush x\ndestroy nosuch\n'), { line: 2, code: 'ENOENT' })
    await sets.restore('create y hash:ip\nadd y 10.9.9.9\nswap x y\nrename y z\ndel x 10.9.9.9\ndestroy z')
    assert.deepEqual(await elements(sets, 'x'), [])
  }),
)
