/** What a rollback gives back, also of what only other tools write. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { afterEach, before, after } from 'node:test'

import { CommitAbortError, openKernel, Batch, type CommitReport, type Kernel } from '../../lib/index.js'
import { commit } from '../../lib/commit.js'
import { priorState } from '../../lib/ipvs/prior.js'
import { IpvsRun } from '../../lib/ipvs/run.js'
import { IpvsUndoLog } from '../../lib/ipvs/undo.js'
import { native, type KernelHandle } from '../../lib/native.js'
import { littleEndian } from '../../lib/record.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => kernel.ipvs.flush())
after(() => kernel.close())

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const
const other = { ...web, port: 81 }
const nowhere = { ...web, address: '10.9.9.9' }

function ipvsadm(...args: string[]): string {
  return execFileSync('ipvsadm', args, { encoding: 'utf8' })
}

/** Commits what ends with a refusal. */
async function rolledBack(batch: Batch): Promise<CommitReport> {
  const report = await kernel.commit(batch.removeService(nowhere), { onError: 'rollback' })
  assert.deepEqual([report.applied, report.failed.length, report.undoFailed], [0, 1, []])
  return report
}

/** What other programs can tell the kernel, and our API can't: a field of the last row set to any number. */
async function commitPatched(batch: Batch, field: 'flags' | 'forwarding', value: number): Promise<void> {
  const run = batch.runs[0]
  assert.ok(run instanceof IpvsRun)
  const { view, offset } = run.operations.locate(run.size - 1)
  const { fields } = native().ipvs.operationRow
  if (field === 'flags') view.setUint32(offset + fields.flags.offset, value, littleEndian)
  else view.setUint8(offset + fields.forwarding.offset, value)
  assert.deepEqual((await kernel.commit(batch)).failed, [])
}

test('a removed service comes back with its servers in the order that the kernel had them in', async () => {
  const batch = new Batch().addService({ ...web, scheduler: 'rr' })
  for (let index = 1; index <= 5; index++) batch.addServer(web, { address: `10.1.0.${index}` })
  await kernel.commit(batch)
  const listed = ipvsadm('-Ln', '--nosort')
  await rolledBack(new Batch().addServer(web, { address: '10.1.0.9' }).removeService(web))
  assert.equal(ipvsadm('-Ln', '--nosort'), listed)
})

test('a removed service comes back with a mask that has a hole', async () => {
  ipvsadm('-A', '-t', '10.0.0.1:80', '-s', 'rr', '-p', '60', '-M', '255.0.255.0')
  const saved = ipvsadm('-Sn')
  assert.equal(await kernel.ipvs.save(), saved)
  await rolledBack(new Batch().updateService({ ...web, scheduler: 'wlc' }).removeService(web))
  assert.equal(ipvsadm('-Sn'), saved)
})

test('a mask with a hole can be written as it was read', async () => {
  ipvsadm('-A', '-t', '10.0.0.1:80', '-s', 'rr', '-p', '60', '-M', '255.0.255.0')
  const saved = ipvsadm('-Sn')
  const [state] = await kernel.ipvs.services()
  assert.ok(state)
  await kernel.ipvs.flush()
  await kernel.ipvs.addService(state)
  assert.equal(ipvsadm('-Sn'), saved)
})

test('a TCP service with the one-packet flag, which the API refuses, comes back', async () => {
  await commitPatched(new Batch().addService(web), 'flags', native().ipvs.constants.onePacket)
  const saved = ipvsadm('-Sn')
  assert.match(saved, / -o$/m)
  await rolledBack(new Batch().addService(other).removeService(web))
  assert.equal(ipvsadm('-Sn'), saved)
})

test('a server that the kernel calls local comes back', async () => {
  await kernel.ipvs.addService(web)
  const server = { address: '127.0.0.1', port: 80 }
  await commitPatched(new Batch().addServer(web, server), 'forwarding', native().ipvs.constants.local)
  const listed = ipvsadm('-Ln')
  assert.match(listed, /Local/)
  await rolledBack(new Batch().removeServer(web, server))
  assert.equal(ipvsadm('-Ln'), listed)
})

test('what cannot be taken back is reported by position and reason, and the rest is taken back', async () => {
  await kernel.commit(new Batch().addService(web).addService(other))
  const handle = (kernel as unknown as { handle(): KernelHandle }).handle.bind(kernel)
  // Somebody else makes the service again after it was removed and before it is put back.
  class Disturbed extends IpvsUndoLog {
    compare(): Promise<void> {
      return kernel.ipvs.addService(web)
    }
  }
  const batch = new Batch().removeService(other).removeService(web).removeService(nowhere)
  const undoLogs = { ipvs: () => new Disturbed(priorState(handle)) }
  const report = await commit(handle(), batch, { onError: 'rollback' }, undoLogs)
  assert.deepEqual(
    report.undoFailed.map(({ index, operation, error }) => [index, operation, error.code]),
    [[1, 'removeService', 'EEXIST']],
  )
  assert.deepEqual([report.rolledBack, report.outcome(0), report.outcome(1)], [1, 'rolled-back', 'applied'])
  assert.equal((await kernel.ipvs.services()).length, 2)
})

test('an abort while a rollback is being prepared sends nothing', async () => {
  const batch = new Batch()
  for (let port = 1; port <= 3000; port++) batch.addService({ ...web, port })
  await kernel.commit(batch)
  const removal = new Batch()
  for (let port = 1; port <= 3000; port++) removal.removeService({ ...web, port })
  const controller = new AbortController()
  const done = kernel.commit(removal, { onError: 'rollback', signal: controller.signal })
  // The first turn after the call: the table is being read.
  setImmediate(() => controller.abort(new Error('enough')))
  await assert.rejects(done, (error: unknown) => {
    assert.ok(error instanceof CommitAbortError)
    assert.deepEqual([error.report.applied, error.report.notAttempted], [0, 3000])
    return true
  })
  assert.equal((await kernel.ipvs.services()).length, 3000)
})
