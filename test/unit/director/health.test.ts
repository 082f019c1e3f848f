/** What outside balancers and those who watch over the process are told, by HTTP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { type Director, DirectorMetrics, plan } from '../../../lib/index.js'
import { serveMetrics } from '../../../lib/cli/metrics-server.js'
import { HealthCheckServers } from '../../../lib/director/plane/health-check-servers.js'
import { defaultFacts, service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ask(
  port: number,
  host = '127.0.0.1',
): Promise<{ status: number; weight: string | null; body: unknown }> {
  const response = await fetch(`http://${host}:${port}/`)
  const weight = response.headers.get('x-load-balancing-endpoint-weight')
  return { status: response.status, weight, body: await response.json() }
}

const answer = (localEndpoints: number, serviceProxyHealthy = true): unknown => ({
  service: { namespace: 'ns', name: 'svc' },
  localEndpoints,
  serviceProxyHealthy,
})

test('a health check says how many local endpoints there are: 200 with some, 503 with none', async (context) => {
  const servers = new HealthCheckServers()
  context.after(() => servers.close())
  const port = await freePort()
  await servers.set(port, { owner: 'ns/svc', localEndpoints: 2 })
  assert.deepEqual(await ask(port), { status: 200, weight: '2', body: answer(2) })
  await servers.set(port, { owner: 'ns/svc', localEndpoints: 0 })
  assert.deepEqual(await ask(port), { status: 503, weight: '0', body: answer(0) })
  await servers.remove(port)
  await assert.rejects(ask(port))
})

test('a health check says no while the director does not keep up', async (context) => {
  const servers = new HealthCheckServers()
  context.after(() => servers.close())
  servers.isHealthy = () => false
  const port = await freePort()
  await servers.set(port, { owner: 'ns/svc', localEndpoints: 1 })
  assert.deepEqual(await ask(port), { status: 503, weight: '1', body: answer(1, false) })
})

test('a health check listens on the addresses that it is given, and moves with them', async (context) => {
  const servers = new HealthCheckServers()
  context.after(() => servers.close())
  const port = await freePort()
  const check = { owner: 'ns/svc', localEndpoints: 1 }
  await servers.set(port, { ...check, addresses: ['127.0.0.1'] })
  assert.equal((await ask(port)).status, 200)
  await assert.rejects(ask(port, '127.0.0.2'))
  await servers.set(port, { ...check, addresses: ['127.0.0.2'] })
  assert.equal((await ask(port, '127.0.0.2')).status, 200)
  await assert.rejects(ask(port))
})

test('a health check whose port is taken on one address listens on the others, and is not as planned', async (context) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const servers = new HealthCheckServers()
  context.after(async () => {
    await servers.close()
    await new Promise((resolve) => taken.close(resolve))
  })
  const state = { owner: 'ns/svc', localEndpoints: 1, addresses: ['127.0.0.1', '127.0.0.2'] }
  await assert.rejects(servers.set(port, state), { code: 'EADDRINUSE' })
  assert.equal((await ask(port, '127.0.0.2')).status, 200)
  assert.deepEqual(servers.states().get(port)?.addresses, ['127.0.0.2'])
})

const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 30000, type: 'LoadBalancer' }

test('a pod with an address of each family is one local endpoint', () => {
  const { healthChecks } = plan(
    {
      services: [service({ ...local, clusterIPs: ['10.20.30.41', 'fd00::41'] })],
      endpointSlices: [
        slice([{ at: '10.180.0.1', local: true }]),
        slice([{ at: 'fd01::1', local: true }], { name: 'six' }),
      ],
    },
    defaultFacts,
  )
  assert.deepEqual([...healthChecks], [[30000, { owner: 'ns/svc', localEndpoints: 1 }]])
})

test('health checks are served where node ports are, where addresses are chosen for these', () => {
  const { healthChecks } = plan(
    { services: [service(local)] },
    {
      ...defaultFacts,
      addresses: [
        { interface: 'eth0', address: '192.0.2.10' },
        { interface: 'eth1', address: '198.51.100.10' },
      ],
    },
    { nodePortAddresses: ['192.0.2.0/24'], families: ['inet'] },
  )
  assert.deepEqual(healthChecks.get(30000)?.addresses, ['192.0.2.10'])
})

/** What is answered at a path, and a clock that the test sets. */
async function watched(
  context: TestContext,
  director: Director,
): Promise<{ get: (path: string) => Promise<{ code: number; text: string }>; clock: { now: number } }> {
  const server = await serveMetrics({
    director,
    metrics: new DirectorMetrics(director),
    port: await freePort(),
    host: '127.0.0.1',
  })
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const clock = { now: 1000 }
  context.mock.method(performance, 'now', () => clock.now)
  return {
    clock,
    get: async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
      return { code: response.status, text: await response.text() }
    },
  }
}

const resyncMs = 3600 * 1000

test('/healthz says no while every pass fails or one hangs for longer than two looks at everything', async (context) => {
  const { plane, director } = setUp(context)
  const { get, clock } = await watched(context, director)
  assert.equal((await get('/healthz')).code, 503, 'before the first pass')
  await director.sync()
  clock.now += 3 * resyncMs
  assert.equal((await get('/healthz')).code, 200, 'nothing is owed')

  const make = plane.make.bind(plane)
  plane.make = () => Promise.reject(new Error('the kernel is closed'))
  director.upsertService(service())
  await assert.rejects(director.sync())
  clock.now += 2 * resyncMs
  assert.equal((await get('/healthz')).code, 200, 'not yet too long')
  await assert.rejects(director.sync())
  clock.now += 1
  assert.equal((await get('/healthz')).code, 503, 'every pass fails')
  assert.equal((await get('/livez')).code, 503)

  let release = (): void => undefined
  const hanging = new Promise<void>((resolve) => (release = resolve))
  plane.make = async (changes) => {
    await hanging
    return make(changes)
  }
  const pass = director.sync()
  assert.equal((await get('/healthz')).code, 503, 'one hangs')
  release()
  await pass
  assert.equal((await get('/healthz')).code, 200)
})

test('/healthz says no of a node on its way out, /livez does not mind', async (context) => {
  const { director } = setUp(context)
  const { get } = await watched(context, director)
  await director.sync()
  const said = async (): Promise<unknown> =>
    (JSON.parse((await get('/healthz')).text) as { nodeEligible: unknown }).nodeEligible
  assert.equal(await said(), true)
  director.setNodeEligible(false)
  assert.equal(await said(), false)
  assert.equal((await get('/healthz')).code, 503)
  assert.equal((await get('/livez')).code, 200)
})

test('/metrics are served as Prometheus reads them, and other paths say what there is', async (context) => {
  const { director } = setUp(context)
  const { get } = await watched(context, director)
  await director.sync()
  const { code, text } = await get('/metrics')
  assert.equal(code, 200)
  assert.match(text, /^ipvs_director_virtual_services 0$/m)
  assert.equal((await get('/other')).code, 404)
})

test('answers of /healthz and /livez are counted by their codes under kube-proxy’s names', async (context) => {
  const { director } = setUp(context)
  const { get } = await watched(context, director)
  const counted = async (): Promise<string[]> =>
    (await get('/metrics')).text.split('\n').filter((line) => /^kubeproxy_proxy_(healthz|livez)_/.test(line))
  assert.deepEqual(await counted(), [
    'kubeproxy_proxy_healthz_total{code="200"} 0',
    'kubeproxy_proxy_healthz_total{code="503"} 0',
    'kubeproxy_proxy_livez_total{code="200"} 0',
    'kubeproxy_proxy_livez_total{code="503"} 0',
  ])
  await get('/livez')
  await director.sync()
  director.setNodeEligible(false)
  for (const path of ['/healthz', '/healthz', '/livez?verbose', '/other']) await get(path)
  assert.deepEqual(await counted(), [
    'kubeproxy_proxy_healthz_total{code="200"} 0',
    'kubeproxy_proxy_healthz_total{code="503"} 2',
    'kubeproxy_proxy_livez_total{code="200"} 1',
    'kubeproxy_proxy_livez_total{code="503"} 1',
  ])
})
