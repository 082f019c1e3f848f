/** The director's changes on their way to the kernel: many at a time, and each refusal finds back to its change. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { makeInBatch } from '../../lib/director/plane/batch-changes.js'
import type { BatchedChange } from '../../lib/director/plane/piece.js'
import { Batch, type Sets } from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

function add(set: string, entry: string): BatchedChange {
  return { type: 'addEntry', set, entry }
}

function numbered(set: string, count: number): BatchedChange[] {
  return Array.from({ length: count }, (_, index) => add(set, `10.1.${index >> 8}.${index & 255}`))
}

async function elements(sets: Sets, name: string): Promise<string[]> {
  return (await sets.entries(name)).map((entry) => entry.address ?? '').sort()
}

test(
  'entries of several sets are added, more than go at once, and one that is there is no failure',
  { skip },
  () =>
    withKernel(async (kernel) => {
      const { sets } = kernel
      await sets.create('one', 'hash:ip')
      await sets.create('other', 'hash:ip')
      await sets.add('other', ['10.9.0.1'])
      const changes = [...numbered('one', 9_000), add('other', '10.9.0.1'), add('other', '10.9.0.2')]
      assert.deepEqual(await makeInBatch(kernel, changes), [])
      assert.equal((await elements(sets, 'one')).length, 9_000)
      assert.deepEqual(await elements(sets, 'other'), ['10.9.0.1', '10.9.0.2'])
    }),
)

test('the changes that the kernel refuses are told, and only those', { skip }, () =>
  withKernel(async (kernel) => {
    const { sets, links } = kernel
    await sets.create('small', 'hash:ip', { maxelem: 2 })
    await sets.create('large', 'hash:ip')
    await sets.add('large', ['10.9.0.9'])
    const full = add('small', '10.2.0.3')
    const ofNoSet = [add('nowhere', '10.3.0.1'), add('nowhere', '10.3.0.2')]
    const toNoLink: BatchedChange = { type: 'addAddress', link: 'nowhere', address: '10.4.0.1' }
    const changes: BatchedChange[] = [
      ...[add('small', '10.2.0.1'), add('small', '10.2.0.2'), full],
      ...ofNoSet,
      { type: 'removeEntry', set: 'large', entry: '10.9.0.9' },
      { type: 'removeEntry', set: 'large', entry: '10.9.0.8' },
      toNoLink,
      { type: 'addAddress', link: 'lo', address: '10.4.0.2' },
      ...numbered('large', 3),
    ]
    const failures = await makeInBatch(kernel, changes)
    assert.deepEqual(
      failures.map(({ change }) => change),
      [full, ...ofNoSet, toNoLink],
    )
    assert.deepEqual(await elements(sets, 'small'), ['10.2.0.1', '10.2.0.2'])
    assert.deepEqual(await elements(sets, 'large'), ['10.1.0.0', '10.1.0.1', '10.1.0.2'])
    const bound = (await links.addresses('lo')).map(({ address }) => address)
    assert.ok(bound.includes('10.4.0.2'), bound.join(' '))
  }),
)

test('changes of a director wait for no commit, and closing the kernel waits for them', { skip }, () =>
  withKernel(async (kernel) => {
    await kernel.sets.create('many', 'hash:ip')
    const order: string[] = []
    const ended = (name: string) => (): void => void order.push(name)
    const first = new Batch()
    for (let index = 0; index < 50_000; index++) first.addEntry('many', `10.5.${index >> 8}.${index & 255}`)
    const commits = [
      kernel.commit(first).then(ended('first')),
      kernel.commit(new Batch().addEntry('many', '10.6.0.1')).then(ended('second')),
    ]
    const changes: BatchedChange[] = [{ type: 'addAddress', link: 'lo', address: '10.4.0.3' }]
    assert.deepEqual(await makeInBatch(kernel, changes), [])
    order.push('director')
    await Promise.all(commits)
    assert.ok(order.indexOf('director') < order.indexOf('second'), order.join())
    const last = makeInBatch(kernel, numbered('many', 4000)).then(ended('last'))
    await new Promise((resolve) => setImmediate(resolve))
    await kernel.close()
    assert.equal(order.at(-1), 'last')
    await last
  }),
)
