import assert from 'node:assert/strict'
import test from 'node:test'
import { annotations, InvalidArgumentError, plan, Planner } from '../../../lib/index.js'
import { defaultFacts, service, slice } from '../../conformance/row.js'

function assertNames(field: string, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof InvalidArgumentError, String(error))
    assert.equal(error.field, field)
    assert.equal(error.code, 'ERR_INVALID_ARGUMENT')
    return true
  })
}

const services: readonly [field: string, input: Parameters<typeof service>[0]][] = [
  ['spec.clusterIP', { clusterIP: '10.0.0' }],
  ['spec.clusterIPs[1]', { clusterIPs: ['10.0.0.1', '10.0.0.2'] }],
  ['spec.type', { type: 'Headless' }],
  ['spec.ports[0].port', { ports: [0] }],
  ['spec.ports[1].port', { ports: [80, 80] }],
  ['spec.ports[0].protocol', { ports: [{ port: 80, protocol: 'ICMP' }] }],
  ['spec.ports[0].nodePort', { ports: [{ port: 80, nodePort: 65536 }] }],
  ['spec.externalIPs[1]', { externalIPs: ['192.0.2.1', 'example.org'] }],
  ['spec.loadBalancerSourceRanges[0]', { loadBalancerSourceRanges: ['10.0.0.0/33'] }],
  ['spec.sessionAffinity', { sessionAffinity: 'Cookie' }],
  [
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
    { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
  ],
  ['spec.externalTrafficPolicy', { externalTrafficPolicy: 'local' }],
  ['spec.internalTrafficPolicy', { internalTrafficPolicy: 'Zone' }],
  ['status.loadBalancer.ingress[0].ip', { ingress: ['1.2.3'] }],
  ['status.loadBalancer.ingress[0].ipMode', { ingress: [{ ip: '1.2.3.4', ipMode: 'Vip' }] }],
  [
    `metadata.annotations["${annotations.scheduler}"]`,
    { annotations: { [annotations.scheduler]: 'Round Robin' } },
  ],
  [`metadata.annotations["${annotations.weight}"]`, { annotations: { [annotations.weight]: '-1' } }],
  [
    `metadata.annotations["${annotations.schedulerFlags}"][0]`,
    { annotations: { [annotations.schedulerFlags]: 'sticky' } },
  ],
  [
    `metadata.annotations["${annotations.drainTimeoutSeconds}"]`,
    { annotations: { [annotations.drainTimeoutSeconds]: 'soon' } },
  ],
]

for (const [field, input] of services) {
  test(`a bad ${field} is named`, () => {
    assertNames(field, () => plan({ services: [service(input)] }, defaultFacts))
  })
}

test('bad endpoint slices are named', () => {
  const good = slice(['10.180.0.1'])
  const named = (field: string, more: object) => {
    assertNames(field, () => plan({ endpointSlices: [{ ...good, ...more }] }, defaultFacts))
  }
  named('addressType', { addressType: 'IPv5' })
  named('endpoints[0].addresses[0]', { endpoints: [{ addresses: ['fd00::1'] }] })
  named('ports[0].port', { ports: [{ port: 70000 }] })
  named('metadata.labels["kubernetes.io/service-name"]', { metadata: { name: 'x' } })
  named('metadata.name', { metadata: { labels: { 'kubernetes.io/service-name': 'svc' } } })
})

test('bad plain services are named', () => {
  const good = { protocol: 'tcp' as const, address: '10.0.0.1', port: 80, servers: [] }
  const named = (field: string, more: object) => {
    assertNames(field, () => plan({ virtualServices: [{ ...good, ...more }] }, defaultFacts))
  }
  named('address', { address: 'vip' })
  named('port', { port: 0 })
  named('servers[0].address', { servers: [{ address: '' }] })
  named('servers[0].port', { servers: [{ address: '10.1.0.1', port: 8080, forwarding: 'direct' }] })
  named('servers[0].weight', { servers: [{ address: '10.1.0.1', weight: -1 }] })
  named('servers[0].lowerThreshold', {
    servers: [{ address: '10.1.0.1', upperThreshold: 5, lowerThreshold: 6 }],
  })
  named('servers[0].tunnel', { servers: [{ address: '10.1.0.1', tunnel: {} }] })
  named('servers[0].tunnel.port', {
    servers: [{ address: '10.1.0.1', forwarding: 'tunnel', tunnel: { type: 'gue' } }],
  })
  named('servers[1]', { servers: [{ address: '10.1.0.1' }, { address: '10.1.0.1', port: 80 }] })
  named('persistence.timeoutSeconds', { persistence: { timeoutSeconds: 0 } })
  named('persistence.prefixLength', { persistence: { timeoutSeconds: 60, prefixLength: 64 } })
  named('persistence.seconds', { persistence: { timeoutSeconds: 60, seconds: 60 } })
  named('sheduler', { sheduler: 'rr' })
  named('onePacket', { onePacket: 'yes' })
  named('servers[0].wieght', { servers: [{ address: '10.1.0.1', wieght: 5 }] })
  named('servers[0].address', { servers: [{ address: 'fd00::1' }] })
  named('servers[0].tunnel.kind', {
    servers: [{ address: '10.1.0.1', forwarding: 'tunnel', tunnel: { kind: 'gre' } }],
  })
})

test('what a plain service of the other family may ask for is not refused', () => {
  const v6 = { protocol: 'tcp' as const, address: 'fd00::1', port: 80 }
  const persistence = { timeoutSeconds: 60, prefixLength: 64 }
  const servers = [{ address: '10.1.0.1', forwarding: 'tunnel' as const }]
  const state = plan({ virtualServices: [{ ...v6, persistence, servers }] }, defaultFacts)
  assert.deepEqual([...(state.services.get('tcp [fd00::1]:80')?.servers.keys() ?? [])], ['10.1.0.1:80'])
})

test('bad options are named, misspelt ones too', () => {
  const named = (field: string, options: object) =>
    assertNames(field, () => new Planner(defaultFacts, options))
  named('sheduler', { sheduler: 'rr' })
  named('families', { families: [] })
  named('prefix', { prefix: 'TOO-LONG-' })
  named('link', { link: 'a-name-of-16-chars' })
  named('masqueradeBit', { masqueradeBit: 32 })
  named('excludeCidrs[0]', { excludeCidrs: ['10.0.0.1'] })
  named('localTraffic.interface', { localTraffic: { kind: 'bridge', interface: '' } })
  named('localTraffic.cidrs[1]', {
    localTraffic: { kind: 'cidrs', cidrs: ['10.0.0.0/8', '172.16.0.0/12', 'fd00::/8'] },
  })
  named('nodeIPs[1]', { nodeIPs: ['192.0.2.1', '192.0.2.2'] })
  named('drainTimeoutSeconds', { drainTimeoutSeconds: -1 })
  named('timeouts.tcpSeconds', { timeouts: { tcpSeconds: 1.5 } })
  named('nodePortAddresses', { nodePortAddresses: 'secondary' })
  named('nodePortAddresses', { nodePortAddresses: ['primary', '192.0.2.0/24'] })
  named('nodePortAddresses[0]', { nodePortAddresses: ['192.0.2.1/33'] })
  named('conntrack', { conntrack: 'default' })
  named('conntrack.maxPerCore', { conntrack: { maxPerCore: -1 } })
  named('conntrack.tcpBeLiberal', { conntrack: { tcpBeLiberal: 1 } })
  named('conntrack.udpTimeout', { conntrack: { udpTimeout: 30 } })
})

test('a refused object leaves the plan as it was', () => {
  const planner = new Planner(defaultFacts)
  planner.upsertService(service())
  planner.takeScope()
  assert.throws(() => planner.upsertService(service({ ports: [0] })))
  assert.ok(planner.state.services.has('tcp 10.20.30.41:80'))
  assert.equal(planner.takeScope().services.size, 0)
})

test('forwarding that cannot change ports is a problem of its service, and of no other', () => {
  const planner = new Planner(defaultFacts, { families: ['inet'] })
  planner.upsertEndpointSlice(slice(['10.180.0.1'], { ports: [{ name: 'p80', port: 8080 }] }))
  planner.upsertService(service({ annotations: { [annotations.forwarding]: 'direct' } }))
  planner.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  assert.deepEqual([...planner.state.services.keys()], ['tcp 10.20.30.42:80'])
  assert.deepEqual([...planner.problems().keys()], ['ns/svc'])
})
