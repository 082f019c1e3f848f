/** `restore()` on a real kernel: what stops it, and what it says then. */
import assert from 'node:assert/strict'
import test, { after, afterEach, before } from 'node:test'

import { Batch, openKernel, RestoreAbortError, type Kernel } from '../../lib/index.js'
import { restore } from '../../lib/ipvs/restore.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => kernel.ipvs.flush())
after(() => kernel.close())

function lines(count: number, first = 1): string {
  return Array.from({ length: count }, (_, index) => `-A -t 10.0.0.1:${first + index} -s rr\n`).join('')
}

test('an aborted restore says which lines took effect by then', async () => {
  const controller = new AbortController()
  // The line that goes alone parts the text into two batches; the signal fires behind the first.
  const text = `${lines(200)}--set 1000 0 0\n${lines(200, 1000)}`
  const commit = async (batch: Batch, options: object) => {
    const report = await kernel.commit(batch, options)
    controller.abort(new Error('enough'))
    return report
  }
  await assert.rejects(
    restore(text, kernel.ipvs, commit, { signal: controller.signal }),
    (error: unknown) => {
      assert.ok(error instanceof RestoreAbortError)
      assert.deepEqual([error.code, error.report], ['ABORT_ERR', { applied: 200, failed: [] }])
      return true
    },
  )
  assert.equal((await kernel.ipvs.services()).length, 200)
})

test('a restore that was aborted before it began has a report, too', async () => {
  await assert.rejects(kernel.ipvs.restore(lines(3), { signal: AbortSignal.abort() }), {
    code: 'ABORT_ERR',
    report: { applied: 0, failed: [] },
  })
  assert.deepEqual(await kernel.ipvs.services(), [])
})

test('stop: the lines after a refused one are not carried out, beyond its batch', async () => {
  const text = `-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s rr\n--set 1000 0 0\n-A -t 10.0.0.1:81 -s rr\n`
  const report = await kernel.ipvs.restore(text, { onError: 'stop' })
  assert.deepEqual(
    [report.applied, report.failed.map(({ line, error }) => [line, error.code])],
    [1, [[2, 'EEXIST']]],
  )
  assert.equal((await kernel.ipvs.services()).length, 1)
})

test('whatever the API programs, the saved text restores', async () => {
  const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const
  await kernel.commit(
    new Batch()
      .addService({ ...web, persistence: { timeoutSeconds: 4294967, prefixLength: 0 } })
      .addServer(web, { address: '10.1.0.1', upperThreshold: 9, lowerThreshold: 3 })
      .addService({ ...web, port: 81, persistence: { timeoutSeconds: 1, netmask: '255.0.255.0' } })
      .addServer(
        { ...web, port: 81 },
        { address: '10.1.0.1', forwarding: 'tunnel', tunnel: { type: 'gre' } },
      ),
  )
  const saved = await kernel.ipvs.save()
  await kernel.ipvs.flush()
  assert.deepEqual(await kernel.ipvs.restore(saved), { applied: 4, failed: [] })
  assert.equal(await kernel.ipvs.save(), saved)
})
