/** What becomes of wishes when changes, whole passes or listeners fail. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { describeChange } from '../../../lib/index.js'
import type { Change } from '../../../lib/index.js'
import { scopeOf } from '../../../lib/director/state/change-key.js'
import { Retries } from '../../../lib/director/sync/retries.js'
import { service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'

const key = 'tcp 10.20.30.41:80'

test('a setting, the timeouts and the link that failed are due again after their pause, and not before', () => {
  const changes: Change[] = [
    { type: 'setSysctl', name: 'net.ipv4.vs.conntrack', value: '1' },
    { type: 'setTimeouts', timeouts: new Map([['tcpSeconds', 77]]) },
    { type: 'createLink', name: 'kube-ipvs0' },
  ]
  const retries = new Retries()
  for (const change of changes) retries.failed({ change, error: new Error('no') }, 1000)
  assert.equal(retries.nextAt(), 1500)
  assert.deepEqual([...retries.due(1499).sysctls, ...retries.due(1499).singles], [])
  const due = retries.due(1500)
  assert.deepEqual([...due.sysctls], ['net.ipv4.vs.conntrack'])
  assert.deepEqual([...due.singles], ['timeouts', 'link'])
})

test('settings that cannot be written are tried again with pauses, not all the time', async (context) => {
  const { plane, director } = setUp(context)
  plane.refuse = ({ type }) => (type === 'setSysctl' ? 'EROFS' : undefined)
  let passes = 0
  director.on('synced', () => passes++)
  const attempts: number[] = []
  director.on('failed', ({ change, attempts: nth }) => {
    if (change?.type === 'setSysctl' && change.name === 'net.ipv4.ip_forward') attempts.push(nth)
  })
  await director.start()
  while (attempts.length < 2) await once(director, 'synced')
  assert.deepEqual(attempts, [1, 2])
  assert.ok(passes <= 4, `${passes} passes for two attempts`)
  plane.refuse = () => undefined
  while (director.status().troubled.size > 0) await once(director, 'synced')
  assert.equal(plane.kernel.sysctls.get('net.ipv4.ip_forward'), '1')
})

for (const broken of ['make', 'observe'] as const) {
  test(`wishes outlive a pass that broke off in ${broken}(), and count as wishes, not as drift`, async (context) => {
    const { plane, director } = setUp(context)
    await director.sync()
    const works = plane[broken].bind(plane)
    Object.assign(plane, { [broken]: () => Promise.reject(new Error('busy')) })
    director.upsertService(service())
    await assert.rejects(director.sync({ full: broken === 'observe' }), /busy/)
    Object.assign(plane, { [broken]: works })
    const { changes, drift } = await director.sync()
    assert.ok(changes.length > 0)
    assert.deepEqual(drift, [])
    assert.ok(plane.kernel.services.has(key))
  })
}

test('removals of drained servers that broke off are made by the next pass', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service())
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  await director.sync()
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  const make = plane.make.bind(plane)
  plane.make = () => Promise.reject(new Error('busy'))
  await assert.rejects(director.checkDrains(), /busy/)
  plane.make = make
  await director.sync()
  await director.checkDrains()
  assert.deepEqual([...(plane.kernel.services.get(key)?.servers.keys() ?? [])], ['10.180.0.1:80'])
})

test('a pass that breaks off is tried again by itself once started', async (context) => {
  const { plane, director } = setUp(context)
  await director.start()
  const make = plane.make.bind(plane)
  plane.make = () => Promise.reject(new Error('busy'))
  director.upsertService(service())
  await once(director, 'failed')
  plane.make = make
  await once(director, 'synced')
  assert.ok(plane.kernel.services.has(key))
})

test('a listener that throws breaks no pass, and its error reaches the process', async (context) => {
  const { plane, director } = setUp(context)
  // In place of the process, which would end: the test runner takes any error that nobody catches for a failure.
  const caught: unknown[] = []
  const later = queueMicrotask
  context.mock.method(globalThis, 'queueMicrotask', (task: () => void) =>
    later(() => {
      try {
        task()
      } catch (error) {
        caught.push(error)
      }
    }),
  )
  director.once('synced', () => {
    throw new Error('of the listener')
  })
  director.upsertService(service())
  const { changes } = await director.sync()
  assert.ok(changes.length > 0)
  assert.ok(plane.kernel.services.has(key))
  assert.deepEqual(caught.map(String), ['Error: of the listener'])
})

const ports = [{ name: 'p80', port: 53, protocol: 'UDP' }]
const cleaned = (made: readonly Change[]): string[] =>
  made.filter(({ type }) => type === 'cleanFlows').map(describeChange)

test('flows that could not be cleaned are tried again until they are', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service({ ports }))
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2'], { ports }))
  await director.sync()
  plane.take()
  plane.refuse = ({ type }) => (type === 'cleanFlows' ? 'ENOBUFS' : undefined)
  director.upsertEndpointSlice(slice(['10.180.0.1'], { ports }))
  await director.sync()
  // Neither another pass nor a look at everything forgets it.
  await director.sync()
  await director.sync({ full: true })
  assert.deepEqual([...director.status().troubled.keys()], ['ns/svc'])
  plane.refuse = () => undefined
  await director.sync({ full: true })
  assert.deepEqual(cleaned(plane.take()), ['- flows udp 10.20.30.41:53'])
  assert.equal(director.status().troubled.size, 0)
})

test('flows of a removed service that could not be cleaned are remembered over a look at everything', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(service({ ports }))
  director.upsertEndpointSlice(slice(['10.180.0.1'], { ports }))
  await director.sync()
  plane.refuse = ({ type }) => (type === 'cleanFlows' ? 'ENOBUFS' : undefined)
  director.removeService('ns/svc')
  await director.sync()
  // Nothing in a kernel tells of them.
  plane.kernel.staleFlows.clear()
  plane.refuse = () => undefined
  plane.take()
  await director.sync({ full: true })
  assert.deepEqual(cleaned(plane.take()), ['- flows udp 10.20.30.41:53'])
})

test('a director that died before it cleaned flows has them cleaned by the next one', async (context) => {
  const first = setUp(context)
  first.director.upsertService(service({ ports }))
  first.director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2'], { ports }))
  await first.director.sync()
  const { plane } = first
  const make = plane.make.bind(plane)
  plane.make = (changes) =>
    changes.some(({ type }) => type === 'cleanFlows') ? Promise.reject(new Error('killed')) : make(changes)
  first.director.upsertEndpointSlice(slice(['10.180.0.1'], { ports }))
  await assert.rejects(first.director.sync(), /killed/)
  plane.make = make
  plane.take()
  const { director } = setUp(context, {}, plane)
  director.upsertService(service({ ports }))
  director.upsertEndpointSlice(slice(['10.180.0.1'], { ports }))
  await director.sync()
  assert.deepEqual(plane.take().map(describeChange), ['- flows udp 10.20.30.41:53'])
})

test('what waits for another change is tried again with that one, and with nothing else', () => {
  const retries = new Retries()
  const change: Change = { type: 'addAddress', link: 'kube-ipvs0', address: '10.96.0.1' }
  const waitsFor: Change = { type: 'createLink', name: 'kube-ipvs0' }
  retries.failed({ change, error: new Error('no link'), waitsFor }, 1000)
  retries.failed({ change: { ...change, address: '10.96.0.2' }, error: new Error('refused') }, 1000)
  const withLink = scopeOf(waitsFor)
  assert.deepEqual([...retries.waiting(withLink).addresses], ['10.96.0.1'])
  assert.deepEqual([...retries.waiting(scopeOf({ ...change, address: '10.96.0.3' })).addresses], [])
  retries.succeeded(change)
  assert.deepEqual([...retries.waiting(withLink).addresses], [])
})

test('rules that cannot be written are not tried with each change of an endpoint', async (context) => {
  const { plane, director } = setUp(context)
  const tried: string[] = []
  plane.refuse = ({ type }) => {
    tried.push(type)
    return type === 'writeRules' ? 'ERR_IPTABLES' : undefined
  }
  director.upsertService(service())
  await director.sync()
  assert.ok(tried.splice(0).includes('writeRules'))
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  assert.ok(tried.includes('addServer'))
  assert.ok(!tried.includes('writeRules'), tried.join())
})
