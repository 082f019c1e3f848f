/** The virtual server table of a real kernel, read back by ipvsadm and by ourselves. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { afterEach, before, after } from 'node:test'

import { Batch, DirectorError, openKernel, type Kernel, type Server, type Service } from '../../lib/index.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => kernel.ipvs.flush())
after(() => kernel.close())

function ipvsadm(...args: string[]): string {
  return execFileSync('ipvsadm', args, { encoding: 'utf8' })
}

/** ipvsadm's own words for the table, in a fixed order. */
function savedLines(): string[] {
  return ipvsadm('-Sn').split('\n').filter(Boolean).sort()
}

async function refusal(work: Promise<unknown>): Promise<DirectorError> {
  return work.then(
    () => assert.fail('was not refused'),
    (error: unknown) => {
      assert.ok(error instanceof DirectorError, String(error))
      return error
    },
  )
}

const web: Service = { protocol: 'tcp', address: '10.0.0.1', port: 80, scheduler: 'rr' }

test('info, timeouts and their partial change match the kernel', async () => {
  const { version } = await kernel.ipvs.info()
  assert.match(version, /^1\.2\.\d+$/)
  const before = await kernel.ipvs.timeouts()
  await kernel.ipvs.setTimeouts({ tcpFinSeconds: 77 })
  assert.deepEqual(await kernel.ipvs.timeouts(), { ...before, tcpFinSeconds: 77 })
  assert.match(ipvsadm('-L', '--timeout'), new RegExp(`${before.tcpSeconds} 77 ${before.udpSeconds}`))
  await kernel.ipvs.setTimeouts(before)
})

test('every kind of service is written as ipvsadm would and read back as it was written', async () => {
  const services: { service: Service; saved: string }[] = [
    { service: web, saved: '-A -t 10.0.0.1:80 -s rr' },
    {
      service: { protocol: 'udp', address: '10.0.0.1', port: 53, onePacket: true },
      saved: '-A -u 10.0.0.1:53 -s wlc -o',
    },
    {
      service: { protocol: 'sctp', address: '10.0.0.1', port: 36412 },
      saved: '-A --sctp-service 10.0.0.1:36412 -s wlc',
    },
    {
      service: { fwmark: 2147483647, family: 'inet', persistence: { timeoutSeconds: 300, prefixLength: 24 } },
      saved: '-A -f 2147483647 -s wlc -p 300 -M 255.255.255.0',
    },
    {
      service: { fwmark: 1, family: 'inet6', persistence: { timeoutSeconds: 10, prefixLength: 64 } },
      saved: '-A -f 1 -6 -s wlc -p 10 -M 64',
    },
    {
      service: {
        protocol: 'tcp',
        address: 'fd00::10',
        port: 0,
        scheduler: 'wrr',
        persistence: { timeoutSeconds: 60 },
      },
      saved: '-A -t [fd00::10]:0 -s wrr -p 60',
    },
    {
      service: {
        protocol: 'tcp',
        address: '10.0.0.2',
        port: 80,
        scheduler: 'sh',
        schedulerFlags: ['sh-fallback', 'sh-port'],
      },
      saved: '-A -t 10.0.0.2:80 -s sh -b sh-fallback,sh-port',
    },
    {
      service: {
        protocol: 'tcp',
        address: '10.0.0.3',
        port: 80,
        scheduler: 'wlc',
        schedulerFlags: ['flag-3'],
      },
      saved: '-A -t 10.0.0.3:80 -s wlc -b flag-3',
    },
    {
      service: {
        protocol: 'udp',
        address: '10.0.0.4',
        port: 5060,
        scheduler: 'rr',
        persistence: { timeoutSeconds: 60 },
        persistenceEngine: 'sip',
      },
      saved: '-A -u 10.0.0.4:5060 -s rr -p 60 --pe sip',
    },
  ]
  const report = await kernel.commit(
    services.reduce((batch, { service }) => batch.addService(service), new Batch()),
  )
  assert.deepEqual(report.failed, [])
  assert.equal(report.applied, services.length)
  assert.deepEqual(savedLines(), services.map(({ saved }) => saved).sort())

  const states = await kernel.ipvs.services()
  await kernel.ipvs.flush()
  await kernel.commit(states.reduce((batch, state) => batch.addService(state as Service), new Batch()))
  assert.deepEqual(savedLines(), services.map(({ saved }) => saved).sort(), 'what was read can be written')
})

test('every scheduler that this kernel has is accepted, and one it lacks is named with its module', async () => {
  for (const scheduler of [
    'rr',
    'wrr',
    'lc',
    'wlc',
    'lblc',
    'lblcr',
    'dh',
    'sh',
    'sed',
    'nq',
    'fo',
    'ovf',
    'mh',
  ]) {
    await kernel.ipvs.addService({ ...web, scheduler })
    assert.equal((await kernel.ipvs.service(web))?.scheduler, scheduler)
    await kernel.ipvs.removeService(web)
  }
  const error = await refusal(kernel.ipvs.addService({ ...web, scheduler: 'nosuch' }))
  assert.equal(error.code, 'ENOENT')
  assert.match(error.message, /modprobe ip_vs_nosuch/)
})

test('every forwarding method and tunnel is written as ipvsadm would and read back', async () => {
  const servers: { server: Server; saved: string }[] = [
    { server: { address: '10.1.0.1', port: 8080 }, saved: '-r 10.1.0.1:8080 -m -w 1' },
    { server: { address: '10.1.0.2', forwarding: 'direct', weight: 0 }, saved: '-r 10.1.0.2:80 -g -w 0' },
    {
      server: {
        address: '10.1.0.3',
        forwarding: 'masquerade',
        weight: 2147483647,
        upperThreshold: 100,
        lowerThreshold: 50,
      },
      saved: '-r 10.1.0.3:80 -m -w 2147483647',
    },
    {
      server: { address: '10.1.0.4', forwarding: 'tunnel' },
      saved: '-r 10.1.0.4:80 -i -w 1 --tun-type ipip',
    },
    {
      server: {
        address: '10.1.0.5',
        forwarding: 'tunnel',
        tunnel: { type: 'gue', port: 6080, checksum: 'remote-checksum' },
      },
      saved: '-r 10.1.0.5:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum',
    },
    {
      server: { address: '10.1.0.6', forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'checksum' } },
      saved: '-r 10.1.0.6:80 -i -w 1 --tun-type gre --tun-csum',
    },
    {
      server: { address: 'fd00::7', forwarding: 'tunnel' },
      saved: '-r [fd00::7]:80 -i -w 1 --tun-type ipip',
    },
  ]
  const batch = new Batch().addService(web)
  for (const { server } of servers) batch.addServer(web, server)
  assert.deepEqual((await kernel.commit(batch)).failed, [])
  const saved = savedLines().filter((line) => line.startsWith('-a'))
  const theirs = saved.map((line) => line.replace('-a -t 10.0.0.1:80 ', ''))
  assert.deepEqual(theirs.sort(), servers.map((entry) => entry.saved).sort())

  const states = await kernel.ipvs.servers(web)
  const [gue] = states.filter(({ address }) => address === '10.1.0.5')
  assert.deepEqual(gue?.tunnel, { type: 'gue', port: 6080, checksum: 'remote-checksum' })
  assert.equal(gue?.activeConnections, 0)
  assert.equal(typeof gue.counters.incomingBytes, 'bigint')
  const masqueraded = states.find(({ address }) => address === '10.1.0.3')
  assert.deepEqual([masqueraded?.upperThreshold, masqueraded?.lowerThreshold], [100, 50])
  assert.match(ipvsadm('-Ln', '--thresholds'), /10\.1\.0\.3:80\s+100\s+50\s/)
})

test('servers from columns are the same as servers one by one', async () => {
  await kernel.ipvs.addService(web)
  await kernel.commit(
    new Batch().addServers(web, {
      addresses: Uint32Array.from({ length: 3000 }, (_, index) => 0x0a010001 + index),
      ports: Uint16Array.from({ length: 3000 }, (_, index) => 1000 + index),
      weights: Uint32Array.from({ length: 3000 }, (_, index) => index),
      forwarding: 'direct',
    }),
  )
  const states = await kernel.ipvs.servers(web)
  assert.equal(states.length, 3000)
  const last = states.find(({ address }) => address === '10.1.11.184')
  assert.deepEqual([last?.port, last?.weight, last?.forwarding], [3999, 2999, 'direct'])
})

test('update replaces the configuration, remove takes the servers along', async () => {
  await kernel.ipvs.addService({ ...web, persistence: { timeoutSeconds: 60 } })
  await kernel.ipvs.addServer(web, { address: '10.1.0.1', port: 80, weight: 5 })
  await kernel.ipvs.updateService({ ...web, scheduler: 'sh' })
  await kernel.ipvs.updateServer(web, { address: '10.1.0.1', port: 80, weight: 9 })
  assert.deepEqual(savedLines(), ['-A -t 10.0.0.1:80 -s sh', '-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 9'])
  await kernel.ipvs.removeService(web)
  assert.equal(await kernel.ipvs.service(web), undefined)
  assert.deepEqual(await kernel.ipvs.servers(web), [])
})

test('what the kernel refuses is explained by operation', async () => {
  const server: Server = { address: '10.1.0.1', port: 80 }
  await kernel.ipvs.addService(web)
  await kernel.ipvs.addServer(web, server)
  const absent: Service = { ...web, port: 81 }
  const { ipvs } = kernel
  const cases: [string, string, () => Promise<unknown>][] = [
    ['EEXIST', 'addService', () => ipvs.addService(web)],
    ['EEXIST', 'addServer', () => ipvs.addServer(web, server)],
    ['ESRCH', 'updateService', () => ipvs.updateService(absent)],
    ['ESRCH', 'removeService', () => ipvs.removeService(absent)],
    ['ESRCH', 'addServer', () => ipvs.addServer(absent, server)],
    ['ENOENT', 'updateServer', () => ipvs.updateServer(web, { ...server, port: 81 })],
    ['ENOENT', 'removeServer', () => ipvs.removeServer(web, { ...server, port: 81 })],
    ['EINVAL', 'addServer', () => ipvs.addServer(web, { address: '127.255.255.255', port: 81 })],
    ['ESRCH', 'zero', () => ipvs.zero(absent)],
    ['ESRCH', 'stopDaemon', () => ipvs.stopDaemon({ state: 'master' })],
    ['ENODEV', 'startDaemon', () => ipvs.startDaemon({ state: 'master', interface: 'nosuch0' })],
  ]
  for (const [code, operation, call] of cases) {
    const error = await refusal(call())
    assert.deepEqual([error.code, error.operation], [code, operation], error.message)
  }
})

test('synchronisation daemons start, are listed with all attributes, and stop', async () => {
  await kernel.ipvs.startDaemon({
    state: 'master',
    interface: 'lo',
    syncId: 7,
    maxLength: 1000,
    group: '224.0.1.1',
    port: 9000,
    ttl: 3,
  })
  await kernel.ipvs.startDaemon({ state: 'backup', interface: 'lo', syncId: 8 })
  const daemons = await kernel.ipvs.daemons()
  assert.deepEqual(
    daemons.find(({ state }) => state === 'master'),
    {
      state: 'master',
      interface: 'lo',
      syncId: 7,
      maxLength: 1000,
      group: '224.0.1.1',
      port: 9000,
      ttl: 3,
    },
  )
  assert.match(
    ipvsadm('-L', '--daemon'),
    /master sync daemon \(mcast=lo, syncid=7, maxlen=1000, group=224.0.1.1, port=9000, ttl=3\)/,
  )
  const error = await refusal(kernel.ipvs.startDaemon({ state: 'master', interface: 'lo' }))
  assert.equal(error.code, 'EEXIST')
  await kernel.ipvs.stopDaemon({ state: 'master' })
  await kernel.ipvs.stopDaemon({ state: 'backup', syncId: 8 })
  assert.deepEqual(await kernel.ipvs.daemons(), [])
})
