/** What a refused batch has done to sets is taken back, to the last extension. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Batch, SetEntryError, type Kernel } from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

async function saved({ sets }: Kernel, name: string): Promise<string[]> {
  return (await sets.save(name)).trimEnd().split('\n').slice(1).sort()
}

/** Commits with a refusal at the end, and expects each of the sets to be as it was. */
async function rolledBack(kernel: Kernel, batch: Batch, ...names: readonly string[]) {
  const before = await Promise.all(names.map((name) => saved(kernel, name)))
  const report = await kernel.commit(batch.addEntry('taken', '192.0.2.1'), { onError: 'rollback' })
  assert.equal(report.failed.at(-1)?.error.code, 'IPSET_ERR_EXIST')
  assert.deepEqual(report.undoFailed, [])
  for (const [index, name] of names.entries())
    assert.deepEqual(await saved(kernel, name), before[index], name)
  return report
}

async function withTaken(body: (kernel: Kernel) => Promise<void>): Promise<void> {
  await withKernel(async (kernel) => {
    await kernel.sets.create('taken', 'hash:ip')
    await kernel.sets.add('taken', '192.0.2.1')
    await body(kernel)
  })
}

test('additions and removals in several sets are taken back', { skip }, () =>
  withTaken(async (kernel) => {
    const { sets } = kernel
    await sets.create('a', 'hash:ip,port', { counters: true, comment: true, skbinfo: true })
    await sets.create('b', 'hash:net')
    await sets.add('a', [
      '10.0.0.1,tcp:80 packets 5 bytes 500 comment "first"',
      '10.0.0.2,udp:53 skbmark 0x10/0xff',
    ])
    await sets.add('b', ['10.0.0.0/8', '10.1.0.0/16 nomatch'])
    const batch = new Batch()
      .addEntry('a', '10.0.0.3,80')
      .removeEntry('a', '10.0.0.1,80')
      .addEntry('a', '10.0.0.2,udp:53 comment "second"', { exist: 'ignore' })
      .addEntry('a', '10.9.0.0/28,1-9')
      .removeEntry('b', '10.1.0.0/16')
      .addEntry('b', '10.2.0.0/16')
      .removeEntry('b', '10.0.0.0/8')
    const report = await rolledBack(kernel, batch, 'a', 'b', 'taken')
    assert.deepEqual([report.applied, report.rolledBack, report.failed.length], [0, 7, 1])
    assert.equal(report.outcome(0), 'rolled-back')
  }),
)

test('what a range left behind that was refused half way goes too', { skip }, () =>
  withTaken(async (kernel) => {
    await kernel.sets.create('a', 'hash:ip')
    await kernel.sets.add('a', '10.0.0.5')
    const report = await kernel.commit(new Batch().addEntry('a', '10.0.0.0/28'), { onError: 'rollback' })
    assert.equal(report.failed.length, 1)
    assert.deepEqual(await saved(kernel, 'a'), ['add a 10.0.0.5'])
  }),
)

test('times go on where they were', { skip }, () =>
  withTaken(async (kernel) => {
    await kernel.sets.create('a', 'hash:ip', { timeout: 0 })
    await kernel.sets.add('a', ['10.0.0.1 timeout 1000', '10.0.0.2'])
    const batch = new Batch()
      .addEntry('a', '10.0.0.1 timeout 5', { exist: 'ignore' })
      .addEntry('a', '10.0.0.2 timeout 5', { exist: 'ignore' })
    await kernel.commit(batch.addEntry('taken', '192.0.2.1'), { onError: 'rollback' })
    const [first, second] = (await kernel.sets.entries('a')).sort((x, y) =>
      String(x.address).localeCompare(String(y.address)),
    )
    assert.ok((first?.timeout ?? 0) > 900, `timeout ${first?.timeout}`)
    assert.equal(second?.timeout, 0)
  }),
)

test('the order of a list is the same again', { skip }, () =>
  withTaken(async (kernel) => {
    const { sets } = kernel
    for (const name of ['x', 'y', 'z']) await sets.create(name, 'hash:ip')
    await sets.create('list', 'list:set')
    await sets.add('list', ['x', 'y', 'z'])
    const batch = new Batch()
      .removeEntry('list', 'y')
      .addEntry('list', 'y before x')
      .addEntry('taken', '192.0.2.1')
    await kernel.commit(batch, { onError: 'rollback' })
    assert.deepEqual(
      (await sets.entries('list')).map(({ set }) => set),
      ['x', 'y', 'z'],
    )
  }),
)

test('sets.add can take itself back, also columns', { skip }, () =>
  withTaken(async (kernel) => {
    await kernel.sets.create('a', 'hash:ip', { maxelem: 100_000 })
    await kernel.sets.add('a', '10.0.39.16')
    const many = Array.from({ length: 10_001 }, (_, index) => 0x0a000000 + index)
    const forms = [
      many.map((number) => `10.0.${(number >> 8) & 255}.${number & 255}`),
      { addresses: Uint32Array.from(many) },
    ]
    for (const form of forms) {
      const error = await kernel.sets.add('a', form, { onError: 'rollback' }).then(
        () => assert.fail('was not refused'),
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof SetEntryError)
      assert.deepEqual(
        [error.reason, error.index, error.report?.rolledBack],
        ['already-there', 10_000, 10_000],
      )
      assert.deepEqual(await saved(kernel, 'a'), ['add a 10.0.39.16'])
    }
  }),
)
