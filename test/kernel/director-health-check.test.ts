/** Health-check node ports where the director works in another namespace than its process. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'
import { type Change, emptyState, KernelPlane } from '../../lib/index.js'
import { resolveOptions } from '../../lib/director/options.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

const run = promisify(execFile)

function open(addresses?: readonly string[]): Change {
  const check = { owner: 'ns/svc', localEndpoints: 1, ...(addresses !== undefined && { addresses }) }
  return { type: 'openHealthCheck', port: 30000, check }
}

/** The status that a program in the namespace gets from a port there; rejects where nobody listens. */
async function statusInside(name: string, host: string): Promise<number> {
  const url = `http://${host}:30000/`
  const program = `fetch('${url}').then(({ status }) => console.log(status), () => process.exit(1))`
  const { stdout } = await run('ip', ['netns', 'exec', name, process.execPath, '-e', program])
  return Number(stdout)
}

test(
  'a health check listens in the namespace of the kernel, for both families, and not in that of this process',
  { skip },
  () =>
    withKernel(async (kernel, { name, path }) => {
      const plane = new KernelPlane(kernel, resolveOptions(), { netns: path })
      assert.deepEqual(await plane.make([open()], emptyState()), [])
      assert.equal(await statusInside(name, '127.0.0.1'), 200)
      assert.equal(await statusInside(name, '[::1]'), 200)
      await assert.rejects(fetch('http://127.0.0.1:30000/'))
      await plane.close()
      await assert.rejects(statusInside(name, '127.0.0.1'))
    }),
)

test('there it listens on all of IPv4 where the namespace has no IPv6 addresses', { skip }, () =>
  withKernel(async (kernel, { name, path }) => {
    await kernel.sysctls.set('net.ipv6.conf.all.disable_ipv6', 1)
    const plane = new KernelPlane(kernel, resolveOptions(), { netns: path })
    assert.deepEqual(await plane.make([open()], emptyState()), [])
    assert.equal(await statusInside(name, '127.0.0.1'), 200)
    await plane.close()
  }),
)

test(
  'there it listens on the addresses that it is given; what another has taken, or the node lacks, fails by its name',
  { skip },
  () =>
    withKernel(async (kernel, { name, path }) => {
      const [plane, other] = [1, 2].map(() => new KernelPlane(kernel, resolveOptions(), { netns: path }))
      assert.ok(plane !== undefined && other !== undefined)
      assert.deepEqual(await plane.make([open(['127.0.0.1'])], emptyState()), [])
      assert.equal(await statusInside(name, '127.0.0.1'), 200)
      await assert.rejects(statusInside(name, '127.0.0.2'))
      const [taken] = await other.make([open(['127.0.0.1'])], emptyState())
      assert.match(String(taken?.error), /127\.0\.0\.1 port 30000 \(EADDRINUSE\)/)
      const [absent] = await other.make([open(['192.0.2.1', '::1'])], emptyState())
      assert.match(String(absent?.error), /192\.0\.2\.1 port 30000 \(EADDRNOTAVAIL\)/)
      assert.equal(await statusInside(name, '[::1]'), 200)
      await Promise.all([plane.close(), other.close()])
    }),
)
