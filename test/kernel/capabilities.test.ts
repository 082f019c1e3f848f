/** What the machine's own kernel is said to have, held against what it does. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { release } from 'node:os'
import test from 'node:test'

import { skipWithoutNamespaces, withKernel } from '../support/namespace.js'

test('capabilities agree with what the rooms do', { skip: skipWithoutNamespaces }, () =>
  withKernel(async (kernel) => {
    const capabilities = await kernel.capabilities()
    assert.equal(capabilities.kernelRelease, release())
    assert.equal(capabilities.netAdmin.available, true)
    const ipvs = await kernel.ipvs.info().then(
      () => true,
      () => false,
    )
    assert.equal(capabilities.ipvs.available, ipvs)
    if (!ipvs) assert.match(String(capabilities.ipvs.remedy), /modprobe ip_vs/)
    const types = (await kernel.sets.types()).map(({ name }): string => name)
    for (const [name, { available, remedy }] of Object.entries(capabilities.setTypes)) {
      assert.equal(available, types.includes(name), name)
      assert.equal(remedy === undefined, available, name)
    }
    assert.equal(capabilities.conntrack.available, existsSync('/proc/sys/net/netfilter/nf_conntrack_max'))
    const made = await kernel.links.createDummy('d0').then(
      () => true,
      () => false,
    )
    assert.equal(capabilities.dummyLinks.available, made)
    assert.doesNotThrow(() => JSON.stringify(capabilities))
  }),
)
