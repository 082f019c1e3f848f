/** What commits promise, on a real kernel: exact reports, stopping, rolling back, aborting. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { afterEach, before, after } from 'node:test'

import {
  AbortError,
  Batch,
  CommitAbortError,
  openKernel,
  type Kernel,
  type Service,
} from '../../lib/index.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => kernel.ipvs.flush())
after(() => kernel.close())

function service(index: number): Service {
  return {
    protocol: 'tcp',
    address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    port: 80,
    scheduler: 'rr',
  }
}

function savedLines(): string[] {
  return execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }).split('\n').filter(Boolean).sort()
}

function services(count: number): Batch {
  const batch = new Batch()
  for (let index = 1; index <= count; index++) batch.addService(service(index))
  return batch
}

test('continue: every refused operation is named, everything else takes effect', async () => {
  await kernel.commit(services(3))
  const batch = services(5).removeServer(service(4), { address: '10.9.9.9', port: 1 })
  const report = await kernel.commit(batch, { onError: 'continue' })
  assert.equal(report.applied, 2)
  assert.deepEqual(
    report.failed.map(({ index, operation, error }) => [index, operation, error.code]),
    [
      [0, 'addService', 'EEXIST'],
      [1, 'addService', 'EEXIST'],
      [2, 'addService', 'EEXIST'],
      [5, 'removeServer', 'ENOENT'],
    ],
  )
  assert.deepEqual(
    [0, 3, 5].map((index) => report.outcome(index)),
    ['failed', 'applied', 'failed'],
  )
  assert.equal((await kernel.ipvs.services()).length, 5)
})

test('stop: nothing is sent beyond the datagram in flight, and the report agrees with the table', async () => {
  await kernel.ipvs.addService(service(10))
  const report = await kernel.commit(services(20_000))
  assert.equal(report.failed.length, 1)
  assert.equal(report.failed[0]?.index, 9)
  assert.ok(report.notAttempted > 0, 'the batch is longer than a datagram')
  assert.equal(report.applied + report.notAttempted + 1, 20_000)
  const there = new Set(
    (await kernel.ipvs.services()).map((state) => ('address' in state ? state.address : '')),
  )
  assert.equal(there.size, report.applied + 1)
  for (let index = 0; index < 20_000; index += 97) {
    const state = service(index + 1)
    const expected = report.outcome(index) === 'applied' || index === 9
    assert.equal(there.has('address' in state ? state.address : ''), expected, `operation ${index}`)
  }
})

test('rollback: services, servers and their configuration are as before', async () => {
  const first = service(1)
  await kernel.commit(
    new Batch()
      .addService({
        ...first,
        scheduler: 'sh',
        schedulerFlags: ['sh-port'],
        persistence: { timeoutSeconds: 77, prefixLength: 16 },
      })
      .addServer(first, { address: '10.1.0.1', port: 80, weight: 5, upperThreshold: 9, lowerThreshold: 3 })
      .addServer(first, {
        address: '10.1.0.2',
        forwarding: 'tunnel',
        tunnel: { type: 'gue', port: 99, checksum: 'checksum' },
      })
      .addService(service(2)),
  )
  const before = savedLines()
  const thresholds = execFileSync('ipvsadm', ['-Ln', '--thresholds', '--sort'], { encoding: 'utf8' })
  const report = await kernel.commit(
    new Batch()
      .updateService({ ...first, scheduler: 'wrr' })
      .updateServer(first, { address: '10.1.0.1', port: 80, weight: 1 })
      .removeServer(first, { address: '10.1.0.2', port: 80 })
      .addServer(first, { address: '10.1.0.3', port: 80 })
      .removeService(first)
      .addService({ ...first, scheduler: 'lc' })
      .addService(service(3))
      .addService(service(2)),
    { onError: 'rollback' },
  )
  assert.equal(report.failed[0]?.index, 7)
  assert.deepEqual([report.applied, report.rolledBack, report.undoFailed], [0, 7, []])
  assert.equal(report.outcome(0), 'rolled-back')
  assert.deepEqual(savedLines(), before)
  assert.equal(execFileSync('ipvsadm', ['-Ln', '--thresholds', '--sort'], { encoding: 'utf8' }), thresholds)
})

test('rollback of many services reads the table once and restores it', async () => {
  await kernel.commit(services(100))
  const before = savedLines()
  const batch = new Batch()
  for (let index = 1; index <= 100; index++) batch.removeService(service(index))
  batch.removeService(service(500))
  const report = await kernel.commit(batch, { onError: 'rollback' })
  assert.equal(report.rolledBack, 100)
  assert.deepEqual(savedLines(), before)
})

test('a batch that succeeds under rollback leaves nothing undone', async () => {
  const report = await kernel.commit(services(10), { onError: 'rollback' })
  assert.deepEqual([report.applied, report.rolledBack, report.failed], [10, 0, []])
})

test('an abort before the start sends nothing; one under way stops between datagrams and says how far it came', async () => {
  const never = kernel.commit(services(3), { signal: AbortSignal.abort() })
  await assert.rejects(never, (reason: unknown) => {
    assert.ok(reason instanceof CommitAbortError && reason instanceof AbortError)
    assert.deepEqual([reason.report.applied, reason.report.notAttempted], [0, 3])
    return true
  })
  assert.deepEqual(await kernel.ipvs.services(), [])

  const controller = new AbortController()
  const commit = kernel.commit(services(60_000), { signal: controller.signal })
  setImmediate(() => controller.abort(new Error('enough')))
  const error = await commit.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof CommitAbortError, 'the commit ended before the abort came')
  assert.equal(error.code, 'ABORT_ERR')
  assert.ok(error.report.notAttempted > 0)
  assert.equal((await kernel.ipvs.snapshot()).serviceCount, error.report.applied)
})

test('commits run in the order of the calls', async () => {
  const one = service(1)
  const reports = await Promise.all([
    kernel.commit(new Batch().addService(one)),
    kernel.commit(new Batch().addServer(one, { address: '10.1.0.1' })),
    kernel.commit(new Batch().removeService(one)),
    kernel.commit(new Batch().addService(one)),
  ])
  assert.deepEqual(
    reports.map(({ applied }) => applied),
    [1, 1, 1, 1],
  )
})

test('a verified snapshot is one picture, also while others write', async () => {
  await kernel.commit(services(200))
  const snapshot = await kernel.ipvs.snapshot({ verified: true })
  assert.equal(snapshot.verified, true)
  assert.equal(snapshot.serviceCount, 200)

  let writing = true
  const writer = (async () => {
    for (let index = 1000; writing; index++) await kernel.ipvs.addService(service(index))
  })()
  const error = await kernel.ipvs.snapshot({ verified: true }).then(
    (calm) => assert.ok(calm.verified),
    (reason: unknown) => reason,
  )
  writing = false
  await writer
  if (error !== undefined) assert.equal((error as { code: string }).code, 'ERR_TABLE_UNSTABLE')
})

test('listings stream: leaving the loop early frees the dump and the next one works', async () => {
  await kernel.commit(services(5000))
  let seen = 0
  for await (const state of kernel.ipvs.services()) {
    assert.equal(state.scheduler, 'rr')
    if (++seen === 3) break
  }
  assert.equal(seen, 3)
  assert.equal((await kernel.ipvs.services()).length, 5000)
})

test('two namespaces have tables of their own', async () => {
  execFileSync('ip', ['netns', 'add', 'core-blue'])
  try {
    const blue = await openKernel({ netns: '/run/netns/core-blue' })
    await blue.ipvs.addService(service(1))
    assert.equal((await blue.ipvs.services()).length, 1)
    assert.deepEqual(await kernel.ipvs.services(), [])
    assert.match(
      execFileSync('ip', ['netns', 'exec', 'core-blue', 'ipvsadm', '-Sn'], { encoding: 'utf8' }),
      /10\.0\.0\.1:80/,
    )
    await blue.close()
  } finally {
    execFileSync('ip', ['netns', 'del', 'core-blue'])
  }
})

test('after close every call says that the kernel is closed', async () => {
  const other = await openKernel()
  await other.close()
  await other.close()
  await assert.rejects(other.ipvs.info(), { code: 'ERR_CLOSED' })
  await assert.rejects(other.commit(services(1)), { code: 'ERR_CLOSED' })
  await assert.rejects(async () => other.ipvs.services(), { code: 'ERR_CLOSED' })
})
