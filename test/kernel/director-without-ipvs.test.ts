/** The director where the kernel lacks what it needs: this machine's kernel, as it is on many containers' hosts. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Director } from '../../lib/index.js'
import { service, slice } from '../conformance/row.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

test(
  'without IPVS in the kernel the start says what is missing, and leaves nothing behind',
  { skip },
  (context) =>
    withKernel(async (kernel, { path }) => {
      const { ipvs } = await kernel.capabilities()
      if (ipvs.available) {
        context.skip('this kernel has IPVS')
        return
      }
      const director = new Director(kernel, { netns: path, nodeName: 'test-node' })
      director.upsertService(service())
      director.upsertEndpointSlice(slice(['10.180.0.1']))
      await assert.rejects(director.start(), { code: 'ERR_UNSUPPORTED_FEATURE', feature: 'IPVS' })
      assert.equal(director.status().started, false)
      assert.deepEqual(await kernel.sets.list(), [])
    }),
)
