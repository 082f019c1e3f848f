import assert from 'node:assert/strict'
import test from 'node:test'
import { DirectorMetrics, exposition, type FlowsCleaned } from '../../../lib/index.js'
import { Histogram } from '../../../lib/director/metrics/exposition.js'
import { service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'
import { MemoryPlane } from '../../support/memory-plane.js'

test('metrics are written as Prometheus reads them', () => {
  const histogram = new Histogram([0.1, 1])
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds)
  assert.equal(
    exposition([
      { name: 'a', help: 'One\nline', type: 'gauge', samples: [{ labels: { x: 'say "\\"' }, value: 3n }] },
      { name: 'b', help: 'Two', type: 'histogram', samples: histogram.samples() },
    ]),
    `# HELP a One\\nline
# TYPE a gauge
a{x="say \\"\\\\\\""} 3
# HELP b Two
# TYPE b histogram
b_bucket{le="0.1"} 2
b_bucket{le="1"} 3
b_bucket{le="+Inf"} 4
b_sum 7.65
b_count 4
`,
  )
})

test('what a director does is counted under kube-proxy’s names, and IPVS figures besides', async (context) => {
  const { plane, director } = setUp(context)
  const metrics = new DirectorMetrics(director)
  director.upsertService(service({ externalTrafficPolicy: 'Local', externalIPs: ['50.60.70.81'] }))
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  assert.match(await metrics.text(), /^kubeproxy_sync_proxy_rules_service_changes_pending 1$/m)
  plane.refuse = ({ type }) => (type === 'writeRules' ? 'ERR_IPTABLES' : undefined)
  await director.sync()
  plane.statistics = () =>
    Promise.resolve({
      counters: {
        connections: 5n,
        incomingPackets: 4n,
        outgoingPackets: 3n,
        incomingBytes: 2n,
        outgoingBytes: 1n,
      },
      rates: {
        connectionsPerSecond: 0n,
        incomingPacketsPerSecond: 0n,
        outgoingPacketsPerSecond: 0n,
        incomingBytesPerSecond: 0n,
        outgoingBytesPerSecond: 0n,
      },
      perCpu: [],
    })
  const lines = (await metrics.text()).split('\n')
  for (const line of [
    'kubeproxy_sync_proxy_rules_duration_seconds_count 1',
    'kubeproxy_sync_proxy_rules_service_changes_total 1',
    'kubeproxy_sync_proxy_rules_service_changes_pending 0',
    'kubeproxy_sync_proxy_rules_endpoint_changes_pending 0',
    'kubeproxy_sync_proxy_rules_iptables_restore_failures_total 1',
    'kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy="external"} 1',
    'kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy="internal"} 0',
    'ipvs_director_virtual_services 2',
    'ipvs_director_real_servers 2',
    'ipvs_connections_total 5',
    'ipvs_bytes_total{direction="out"} 1',
  ]) {
    assert.ok(lines.includes(line), line)
  }
})

test('cleaning of UDP flows is told, timed and counted as kube-proxy’s reconciler of conntrack', async (context) => {
  const plane = new MemoryPlane()
  let cleaned: (event: FlowsCleaned) => void = () => assert.fail('nobody watches')
  plane.watchFlows = (tell) => (cleaned = tell)
  const { director } = setUp(context, {}, plane)
  const metrics = new DirectorMetrics(director)
  const told: FlowsCleaned[] = []
  director.on('flowsCleaned', (event) => told.push(event))
  cleaned({ deleted: 3, durationMs: 1.5 })
  cleaned({ deleted: 0, durationMs: 20000 })
  assert.deepEqual(told, [
    { deleted: 3, durationMs: 1.5 },
    { deleted: 0, durationMs: 20000 },
  ])
  const lines = (await metrics.text()).split('\n')
  for (const line of [
    'kubeproxy_conntrack_reconciler_sync_duration_seconds_bucket{le="0.002"} 1',
    'kubeproxy_conntrack_reconciler_sync_duration_seconds_bucket{le="16.384"} 1',
    'kubeproxy_conntrack_reconciler_sync_duration_seconds_count 2',
    'kubeproxy_conntrack_reconciler_deleted_entries_total 3',
  ]) {
    assert.ok(lines.includes(line), line)
  }
})

test('services without local endpoints are counted by policy, and only where there are endpoints', async (context) => {
  const { director } = setUp(context)
  const counted = async (): Promise<unknown> => {
    await director.sync()
    return director.status().withoutLocalEndpoints
  }
  director.upsertService(service({ internalTrafficPolicy: 'Local' }))
  assert.deepEqual(await counted(), { internal: 0, external: 0 })
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  assert.deepEqual(await counted(), { internal: 1, external: 0 })
  director.upsertEndpointSlice(slice([{ at: '10.180.0.1', local: true }]))
  assert.deepEqual(await counted(), { internal: 0, external: 0 })
  director.upsertEndpointSlice(slice(['10.180.0.1']))
  director.upsertService(service({ externalTrafficPolicy: 'Local', externalIPs: ['50.60.70.81'] }))
  assert.deepEqual(await counted(), { internal: 0, external: 1 })
  director.removeService('ns/svc')
  assert.deepEqual(await counted(), { internal: 0, external: 0 })
})
