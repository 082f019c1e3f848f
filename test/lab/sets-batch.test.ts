/** Changes to sets, services and servers in one batch: in order, and with the same stop, continue and rollback. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, afterEach, before } from 'node:test'

import { Batch, openKernel, type Kernel } from '../../lib/index.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(async () => {
  await kernel.ipvs.flush()
  await kernel.sets.destroy()
})
after(() => kernel.close())

const web = { protocol: 'tcp', address: '10.96.0.1', port: 80, scheduler: 'rr' } as const
const dns = { protocol: 'udp', address: '10.96.0.2', port: 53, scheduler: 'rr' } as const
const server = { address: '10.244.0.1', port: 8080, forwarding: 'masquerade' } as const

/** What ipvsadm and ipset see. */
function seen(): string[] {
  const tools = [
    execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }),
    execFileSync('ipset', ['save'], { encoding: 'utf8' }),
  ]
  return tools.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('create'))
      .sort(),
  )
}

async function prepare(): Promise<void> {
  await kernel.sets.create('cluster', 'hash:ip,port', { comment: true })
  await kernel.sets.create('loop', 'hash:ip,port,ip')
  await kernel.sets.add('cluster', '10.96.0.9,tcp:443 comment "api"')
  await kernel.ipvs.addService(dns)
  await kernel.ipvs.addServer(dns, server)
}

/** The fifth operation of seven is refused. */
function mixed(): Batch {
  return new Batch()
    .addEntry('cluster', '10.96.0.1,tcp:80')
    .addService(web)
    .addServer(web, server)
    .removeEntry('cluster', '10.96.0.9,tcp:443')
    .addService(dns)
    .addEntry('loop', '10.244.0.1,tcp:8080,10.244.0.1')
    .removeServer(dns, server)
}

const start = ['-A -u 10.96.0.2:53 -s rr', '-a -u 10.96.0.2:53 -r 10.244.0.1:8080 -m -w 1']
const startSets = ['add cluster 10.96.0.9,tcp:443 comment "api"']
const webLines = ['-A -t 10.96.0.1:80 -s rr', '-a -t 10.96.0.1:80 -r 10.244.0.1:8080 -m -w 1']

test('stop leaves what stands before the refusal', async () => {
  await prepare()
  const report = await kernel.commit(mixed())
  assert.deepEqual([report.applied, report.failed.length, report.notAttempted], [4, 1, 2])
  assert.deepEqual(
    report.failed.map(({ index, operation, error }) => [index, operation, error.code]),
    [[4, 'addService', 'EEXIST']],
  )
  assert.deepEqual(seen(), [
    ...webLines.slice(0, 1),
    start[0],
    webLines[1],
    start[1],
    'add cluster 10.96.0.1,tcp:80',
  ])
})

test('continue carries out all others', async () => {
  await prepare()
  const report = await kernel.commit(mixed(), { onError: 'continue' })
  assert.deepEqual([report.applied, report.failed.length, report.notAttempted], [6, 1, 0])
  assert.deepEqual(seen(), [
    webLines[0],
    start[0],
    webLines[1],
    'add cluster 10.96.0.1,tcp:80',
    'add loop 10.244.0.1,tcp:8080,10.244.0.1',
  ])
})

test('rollback takes everything back, also when it is an entry that is refused', async () => {
  await prepare()
  const all = [...start, ...startSets]
  const report = await kernel.commit(mixed(), { onError: 'rollback' })
  assert.deepEqual([report.applied, report.rolledBack, report.undoFailed], [0, 4, []])
  assert.deepEqual(seen(), all)
  const entryLast = new Batch()
    .removeService(dns)
    .addEntry('loop', '10.244.0.1,tcp:8080,10.244.0.1')
    .addEntry('cluster', '10.96.0.9,tcp:443')
  const second = await kernel.commit(entryLast, { onError: 'rollback' })
  assert.deepEqual([second.failed[0]?.index, second.failed[0]?.error.code], [2, 'IPSET_ERR_EXIST'])
  assert.deepEqual([second.applied, second.rolledBack, second.undoFailed], [0, 2, []])
  assert.deepEqual(seen(), all)
})
