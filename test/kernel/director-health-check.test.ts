/** Health-check node ports where the director works in another namespace than its process. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyState, KernelPlane } from '../../lib/index.js'
import { resolveOptions } from '../../lib/director/options.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

const change = {
  type: 'openHealthCheck',
  port: 30000,
  check: { owner: 'ns/svc', localEndpoints: 1 },
} as const

test(
  'a health check is refused in a namespace that this process is not in, instead of opened in the wrong one',
  { skip },
  () =>
    withKernel(async (kernel, { path }) => {
      const plane = new KernelPlane(kernel, resolveOptions(), { netns: path })
      const [failure] = await plane.make([change], emptyState())
      assert.match(String(failure?.error), /30000: this process is not in .*own namespace only/)
      await assert.rejects(fetch('http://127.0.0.1:30000/'))
    }),
)

test('the namespace of this process by its path is no other one', { skip }, () =>
  withKernel(async (kernel) => {
    const plane = new KernelPlane(kernel, resolveOptions(), { netns: '/proc/self/ns/net' })
    assert.deepEqual(await plane.make([change], emptyState()), [])
    await plane.close()
  }),
)
