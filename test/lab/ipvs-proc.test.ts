/** What IPVS tells by /proc only: connections, statistics, settings; in a namespace, with real traffic. */
import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { ipvsSysctls, openKernel, type Connection, type Kernel } from '../../lib/index.js'
import { Topology, directorNetwork } from '../../lib/lab/index.js'

/** What does not come by then never comes. */
const timeout = 120_000

let topology: Topology
let kernel: Kernel

before(async () => {
  const http = { protocol: 'http', port: 80 } as const
  const sip = { protocol: 'udp', port: 5060, name: 'sip' } as const
  topology = await Topology.create(directorNetwork({ servers: 2, backends: [http, sip] }))
  kernel = await openKernel({ netns: topology.namespace('director').path })
})
after(async () => {
  await kernel.close()
  await topology.close()
})

async function connections(options?: { origin: boolean }): Promise<Connection[]> {
  const all: Connection[] = []
  for await (const connection of kernel.ipvs.connections(options)) all.push(connection)
  return all
}

test('a namespace that has seen no traffic has no connections', async () => {
  assert.deepEqual(await connections(), [])
  assert.deepEqual(await connections({ origin: true }), [])
})

test('a request through a virtual service is a connection, and counted', async () => {
  const service = { protocol: 'tcp', address: '10.1.0.100', port: 80 } as const
  await kernel.ipvs.addService({ ...service, scheduler: 'rr' })
  await kernel.ipvs.addServer(service, { address: '10.2.0.11' })
  await topology.namespace('client').request('http://10.1.0.100/')

  const seen = (await connections()).filter(({ virtual }) => virtual.port === 80)
  assert.equal(seen.length, 1)
  assert.equal(seen[0]?.protocol, 'tcp')
  assert.equal(seen[0]?.client.address, '10.1.0.2')
  assert.deepEqual(seen[0]?.virtual, { address: '10.1.0.100', port: 80 })
  assert.deepEqual(seen[0]?.server, { address: '10.2.0.11', port: 80 })

  const { perCpu } = await kernel.ipvs.statistics()
  const total = perCpu.reduce((sum, { counters }) => sum + counters.connections, 0n)
  assert.equal(total, 1n)
  assert.ok(perCpu.some(({ counters }) => counters.outgoingBytes > 0n))
})

test('the sync table tells that the connection is our own', async () => {
  const [connection] = (await connections({ origin: true })).filter(({ virtual }) => virtual.port === 80)
  assert.equal(connection?.origin, 'local')
})

test('an affinity by SIP call shows engine and call', async () => {
  const service = { protocol: 'udp', address: '10.1.0.100', port: 5060 } as const
  const persistence = { timeoutSeconds: 60 }
  await kernel.ipvs.addService({ ...service, scheduler: 'rr', persistence, persistenceEngine: 'sip' })
  await kernel.ipvs.addServer(service, { address: '10.2.0.12' })
  const invitation = 'INVITE sip:b@x SIP/2.0\r\nCall-ID: abc-123@host\r\nContent-Length: 0\r\n\r\n'
  await topology.namespace('client').exchange('udp', '10.1.0.100', 5060, invitation)

  const template = (await connections()).find(({ persistenceEngine }) => persistenceEngine !== undefined)
  assert.deepEqual(template?.persistenceEngine, { name: 'sip', data: 'abc-123@host' })
  assert.deepEqual(template?.server, { address: '10.2.0.12', port: 5060 })
})

test('zero forgets the traffic of one service and its servers, then that of all', { timeout }, async () => {
  const [web, sip] = [
    { protocol: 'tcp', address: '10.1.0.100', port: 80 },
    { protocol: 'udp', address: '10.1.0.100', port: 5060 },
  ] as const
  const seen = async (): Promise<number[]> => {
    const services = [await kernel.ipvs.service(web), await kernel.ipvs.service(sip)]
    const servers = [...(await kernel.ipvs.servers(web)), ...(await kernel.ipvs.servers(sip))]
    return [...services, ...servers].map((state) => Number(state?.counters.connections))
  }
  // The kernel adds up every two seconds what its processors counted, and tells nobody.
  while ((await seen()).includes(0)) await sleep(50)
  assert.deepEqual(await seen(), [1, 1, 1, 1])
  await kernel.ipvs.zero(web)
  assert.deepEqual(await seen(), [0, 1, 0, 1])
  const { counters } = (await kernel.ipvs.service(web)) ?? assert.fail('the service is gone')
  assert.ok(Object.values(counters).every((value) => value === 0n))
  await kernel.ipvs.zero()
  assert.deepEqual(await seen(), [0, 0, 0, 0])
  assert.equal((await kernel.ipvs.statistics()).counters.connections, 0n)
})

test('another namespace has its own connections: none', async () => {
  const other = await openKernel({ netns: topology.namespace('client').path })
  try {
    assert.deepEqual(await other.ipvs.connections(), [])
  } finally {
    await other.close()
  }
})

test('every setting of IPVS that this kernel has is known, and reads as the kernel shows it', async () => {
  const known = new Set(Object.values(ipvsSysctls).map(({ kernelName }) => kernelName))
  for (const name of await readdir('/proc/sys/net/ipv4/vs')) assert.ok(known.has(name), name)
  const values = await kernel.ipvs.sysctls.all()
  assert.deepEqual(values.syncThreshold, { threshold: 3, period: 50 })
  assert.equal(values.connReuseMode, 1)
  assert.equal(values.expireNodestConn, false)
  const missing = await kernel.ipvs.sysctls.missing()
  assert.equal(Object.keys(values).length + missing.length, Object.keys(ipvsSysctls).length)
})

test('all settings can be written as they were read, but for the one that is the whole machine’s', async () => {
  const values = await kernel.ipvs.sysctls.all()
  const { applied, failed } = await kernel.ipvs.sysctls.set(values)
  assert.deepEqual(
    failed.map(({ name, error }) => [name, error.code]),
    [['debugLevel', 'EACCES']],
  )
  assert.deepEqual(
    applied,
    Object.keys(values).filter((name) => name !== 'debugLevel'),
  )
  assert.deepEqual(await kernel.ipvs.sysctls.all(), values)
})

test('settings are the namespace’s own', async () => {
  // The guest's first namespace may be as other tests left it: here the opposite is set.
  const outside = () => readFile('/proc/sys/net/ipv4/vs/expire_nodest_conn', 'utf8')
  const before = await outside()
  const opposite = before === '0\n'
  const report = await kernel.ipvs.sysctls.set({
    expireNodestConn: opposite,
    dropEntry: 3,
    syncThreshold: { threshold: 0, period: 0 },
    syncPorts: 4,
  })
  assert.equal(report.applied.length, 4)
  assert.equal(await kernel.ipvs.sysctls.get('expireNodestConn'), opposite)
  assert.equal(await kernel.ipvs.sysctls.get('syncPorts'), 4)
  assert.deepEqual(await kernel.ipvs.sysctls.get('syncThreshold'), { threshold: 0, period: 0 })
  assert.equal(await outside(), before)
  assert.equal(await readFile('/proc/sys/net/ipv4/vs/sync_ports', 'utf8'), '1\n')
})

test('a setting that this kernel lacks is reported with what it wants; the others are set', async (t) => {
  const [lacking] = (await kernel.ipvs.sysctls.missing()).filter(({ name }) => name === 'estNice')
  if (lacking === undefined) return t.skip('this kernel has est_nice')
  const report = await kernel.ipvs.sysctls.set({ estNice: 5, sloppyTcp: true })
  assert.deepEqual(report.applied, ['sloppyTcp'])
  assert.deepEqual(
    report.failed.map(({ name, error }) => [name, error.code]),
    [['estNice', 'ERR_UNSUPPORTED_FEATURE']],
  )
})
