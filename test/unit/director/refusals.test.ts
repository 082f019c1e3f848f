/** Objects that make no sense: what they asked for when they still did stays, in the plan and in the kernel. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { DirectorSettings } from '../../../lib/index.js'
import type { KernelState } from '../../../lib/director/state/state.js'
import { service, slice } from '../../conformance/row.js'
import { setUp, type Setup } from '../../support/director-setup.js'
import type { MemoryPlane } from '../../support/memory-plane.js'

const refused = { code: 'ERR_INVALID_ARGUMENT' }
const good = service({
  type: 'LoadBalancer',
  ingress: ['198.51.100.7'],
  loadBalancerSourceRanges: ['203.0.113.0/24'],
  ports: [{ name: 'p80', port: 80, nodePort: 30080 }],
})
const bad = service({ ports: [{ name: 'p80', port: 80, nodePort: 300800 }] })
const other = service({ name: 'other', clusterIP: '10.20.30.42' })
const virtual = { name: 'dns', protocol: 'udp', address: '10.20.30.53', port: 53 } as const
const badSlice = { ...slice(['10.180.0.1', '10.180.0.2']), addressType: 'IPv5' }

/** A process that programmed everything and ended, and the next one, on the same kernel. */
async function afterRestart(context: TestContext, settings: DirectorSettings = {}): Promise<Setup> {
  const { plane, director } = setUp(context, settings)
  director.upsertService(good)
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  director.upsertService(other)
  director.upsertEndpointSlice(slice(['10.180.0.3', '10.180.0.4'], { of: 'other' }))
  director.upsertVirtualService({ ...virtual, servers: [{ address: '10.180.0.5' }] })
  await director.sync()
  await director.stop()
  plane.take()
  return setUp(context, settings, plane)
}

/** What clients meet. */
function forwarding({ kernel }: MemoryPlane): unknown {
  const { services, sets, link, iptables }: KernelState = kernel
  return {
    services: [...services].map(([key, { servers }]) => [key, [...servers.keys()].sort()]).sort(),
    entries: [...sets].map(([name, { entries }]) => [name, [...entries].sort()]).sort(),
    addresses: [...(link?.addresses ?? [])].sort(),
    rules: [...(iptables.get('inet')?.chains ?? [])].sort(([left], [right]) => (left < right ? -1 : 1)),
  }
}

test('a refused object leaves the wish before it, is reported until it comes right, and looks at nothing', async (context) => {
  const { plane, director } = setUp(context)
  director.upsertService(good)
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  await director.sync()
  const before = forwarding(plane)
  assert.throws(() => director.upsertService(bad), refused)
  assert.throws(() => director.upsertEndpointSlice(badSlice), refused)
  const [service, endpoints] = director.status().troubled.get('ns/svc') ?? []
  assert.match(
    service ?? '',
    /^Service ns\/svc refused: spec\.ports\[0\]\.nodePort: .*; what was there before stays$/,
  )
  assert.match(endpoints ?? '', /^EndpointSlice ns\/svc-1 refused: addressType: /)
  const { observations } = plane
  await director.sync()
  assert.equal(plane.observations, observations)
  assert.deepEqual(forwarding(plane), before)
  director.upsertService(good)
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  assert.equal(director.status().troubled.size, 0)
})

test('what a refused service was before a restart stays in the kernel, and goes when nobody wishes it', async (context) => {
  const { plane, director } = await afterRestart(context)
  assert.throws(() => director.upsertService(bad), refused)
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  director.upsertService(other)
  director.upsertEndpointSlice(slice(['10.180.0.3', '10.180.0.4'], { of: 'other' }))
  director.upsertVirtualService({ ...virtual, servers: [{ address: '10.180.0.5' }] })
  const before = forwarding(plane)
  assert.equal(String(await director.plan()), '')
  await director.sync()
  await director.sync({ full: true })
  assert.deepEqual(plane.take(), [])
  assert.deepEqual(forwarding(plane), before)
  const { observations } = plane
  assert.throws(() => director.upsertService(bad), refused)
  await director.sync()
  assert.equal(plane.observations, observations, 'the same again is no news')
  assert.deepEqual([...director.status().troubled.keys()], ['ns/svc'])
  director.removeService('ns/svc')
  const { drift } = await director.sync()
  assert.deepEqual(drift, [])
  assert.deepEqual([...plane.kernel.services.keys()].sort(), ['tcp 10.20.30.42:80', 'udp 10.20.30.53:53'])
  assert.equal(plane.kernel.link?.addresses.has('198.51.100.7'), false)
})

test('meanwhile other services change as wished, and what this process knew goes', async (context) => {
  const { plane, director } = await afterRestart(context)
  assert.throws(() => director.upsertService(bad), refused)
  director.upsertService(other)
  director.upsertEndpointSlice(slice(['10.180.0.3', '10.180.0.9'], { of: 'other' }))
  director.upsertVirtualService({ ...virtual, servers: [{ address: '10.180.0.5' }] })
  plane.connectionsEach = 0
  await director.sync()
  await director.checkDrains()
  const servers = (key: string): string[] => [...(plane.kernel.services.get(key)?.servers.keys() ?? [])]
  assert.deepEqual(servers('tcp 10.20.30.42:80'), ['10.180.0.3:80', '10.180.0.9:80'])
  director.removeVirtualService('dns')
  await director.sync()
  await director.sync({ full: true })
  assert.ok(!plane.kernel.services.has('udp 10.20.30.53:53'))
  assert.ok(!plane.kernel.link?.addresses.has('10.20.30.53'))
  assert.deepEqual(servers('tcp 10.20.30.41:80'), ['10.180.0.1:80', '10.180.0.2:80'])
})

test('a refused service that comes right is programmed as it then is, and leftovers of it go', async (context) => {
  const { plane, director } = await afterRestart(context)
  assert.throws(() => director.upsertService(bad), refused)
  await director.sync()
  director.upsertService(service({ clusterIP: '10.20.30.99' }))
  await director.sync()
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 10.20.30.99:80'])
  assert.equal(director.status().troubled.size, 0)
})

test('servers of a refused slice stay, those of other services do not', async (context) => {
  const { plane, director } = await afterRestart(context, { drainTimeoutSeconds: 0 })
  director.upsertService(good)
  director.upsertService(other)
  director.upsertVirtualService({ ...virtual, servers: [{ address: '10.180.0.5' }] })
  assert.throws(() => director.upsertEndpointSlice(badSlice), refused)
  director.upsertEndpointSlice(slice(['10.180.0.3'], { of: 'other' }))
  await director.sync()
  const changes = plane.take().map(({ type }) => type)
  assert.deepEqual([...new Set(changes)], ['removeServer'])
  assert.equal(plane.kernel.services.get('tcp 10.20.30.41:80')?.servers.size, 2)
  assert.equal(plane.kernel.services.get('tcp 10.20.30.42:80')?.servers.size, 1)
  assert.match(director.status().troubled.get('ns/svc')?.join() ?? '', /EndpointSlice ns\/svc-1 refused/)
})

test('a refused plain service stays as well, and a cleanup takes away also what is in doubt', async (context) => {
  const { plane, director } = await afterRestart(context)
  director.upsertService(good)
  director.upsertEndpointSlice(slice(['10.180.0.1', '10.180.0.2']))
  assert.throws(
    () => director.upsertVirtualService({ ...virtual, servers: [{ address: 'nowhere' }] }),
    refused,
  )
  await director.sync()
  assert.ok(plane.kernel.services.has('udp 10.20.30.53:53'))
  assert.deepEqual([...director.status().troubled.keys()], ['dns'])
  assert.deepEqual((await director.cleanup()).failed, [])
  assert.deepEqual([plane.kernel.services.size, plane.kernel.sets.size, plane.kernel.link], [0, 0, undefined])
})

test('a slice that names no service is not waited for', async (context) => {
  const { plane, director } = await afterRestart(context)
  assert.throws(
    () => director.upsertEndpointSlice({ metadata: { name: 'custom' }, addressType: 'IPv4' }),
    refused,
  )
  await director.sync()
  assert.deepEqual([plane.kernel.services.size, director.status().troubled.size], [0, 0])
})
