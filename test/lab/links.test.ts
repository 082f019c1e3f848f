/** Dummy links: the kernel of this machine may lack them, the guest has them. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Batch } from '../../lib/index.js'
import { withKernel } from '../support/namespace.js'

test('a dummy link is made, switched on, and removed', () =>
  withKernel(async (kernel) => {
    const off = await kernel.links.createDummy('d0')
    assert.deepEqual([off.name, off.kind, off.up], ['d0', 'dummy', false])
    const on = await kernel.links.createDummy('d1', { up: true })
    assert.equal(on.up, true)
    assert.equal(await kernel.links.remove('d0'), true)
    // A namespace may have links of other kinds from the start.
    const dummies = (await kernel.links.list()).filter(({ kind }) => kind === 'dummy')
    assert.deepEqual(
      dummies.map(({ name }) => name),
      ['d1'],
    )
  }))

test('making it again fails, or keeps it where that was asked for', () =>
  withKernel(async (kernel) => {
    const made = await kernel.links.createDummy('d0')
    await assert.rejects(kernel.links.createDummy('d0'), { code: 'EEXIST', operation: 'createDummy' })
    const kept = await kernel.links.createDummy('d0', { ifExists: 'keep', up: true })
    assert.equal(kept.index, made.index)
    assert.equal(kept.up, true)
    assert.equal((await kernel.links.createDummy('d0', { ifExists: 'keep' })).up, true)
  }))

test('a link of that name and another kind is never taken for a dummy', () =>
  withKernel(async (kernel, { ip }) => {
    await ip('link', 'add', 'd0', 'type', 'veth', 'peer', 'name', 'p0')
    await assert.rejects(kernel.links.createDummy('d0', { ifExists: 'keep' }), { code: 'EEXIST' })
  }))

test('a dummy link carries virtual addresses of both families, at once and in bulk', () =>
  withKernel(async (kernel) => {
    await kernel.links.createDummy('kube-ipvs0', { up: true })
    const batch = new Batch()
    for (let host = 0; host < 250; host++) {
      batch.addAddress('kube-ipvs0', `10.96.0.${host}`).addAddress('kube-ipvs0', `fd00:96::${host + 1}`)
    }
    assert.equal((await kernel.commit(batch)).applied, batch.size)
    const addresses = await kernel.links.addresses('kube-ipvs0')
    const global = addresses.filter(({ scope }) => scope === 'global')
    assert.equal(global.length, batch.size)
    assert.ok(global.every(({ tentative }) => !tentative))
    await kernel.links.remove('kube-ipvs0')
    await assert.rejects(kernel.links.addresses('kube-ipvs0'), { code: 'ENODEV' })
  }))
