/** Random clusters for property tests: few names, addresses and ports, so that services share and contest them. */
import fc from 'fast-check'
import type {
  DesiredState,
  KubernetesEndpointSlice,
  KubernetesService,
  NodeFacts,
  VirtualService,
} from '../../../lib/index.js'

export const facts: NodeFacts = {
  name: 'node-1',
  zone: 'zone-a',
  kernelRelease: '6.1.0',
  addresses: [
    { interface: 'lo', address: '127.0.0.1' },
    { interface: 'eth0', address: '192.0.2.10' },
    { interface: 'eth0', address: '2001:db8::10' },
    { interface: 'eth1', address: '192.0.2.20' },
    { interface: 'kube-ipvs0', address: '10.96.0.1' },
  ],
}

const names = fc.constantFrom('a', 'b', 'c', 'd')
const protocols = fc.constantFrom('TCP', 'UDP', 'SCTP')
const portNumbers = fc.constantFrom(53, 80, 443)
const v4 = fc.constantFrom('198.51.100.1', '198.51.100.2', '192.0.2.10')
const v6 = fc.constantFrom('2001:db8:1::1', '2001:db8::10')
const either = fc.oneof(v4, v6)

const servicePorts = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('x', 'y', 'z'),
    protocol: protocols,
    port: portNumbers,
    nodePort: fc.option(fc.constantFrom(30001, 30002), { nil: undefined }),
  }),
  { maxLength: 3, selector: ({ protocol, port }) => `${protocol} ${port}` },
)

const clusterAddresses = fc.oneof(
  fc.constant(['None']),
  fc.tuple(fc.constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.3')).map((list) => [...list]),
  fc
    .tuple(fc.constantFrom('10.96.0.1', '10.96.0.2'), fc.constantFrom('fd00::1', 'fd00::2'))
    .map((list) => [...list]),
)

export const service: fc.Arbitrary<KubernetesService> = fc
  .record({
    name: names,
    created: fc.constantFrom(undefined, '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
    scheduler: fc.constantFrom(undefined, 'wlc', 'mh'),
    spec: fc.record({
      type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
      clusterIPs: clusterAddresses,
      ports: servicePorts,
      externalIPs: fc.array(either, { maxLength: 2 }),
      sessionAffinity: fc.constantFrom('None', 'ClientIP'),
      externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
      internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
      loadBalancerSourceRanges: fc.array(
        fc.constantFrom('192.0.2.0/24', '203.0.113.7/32', '2001:db8::/32', '0.0.0.0/0'),
        {
          maxLength: 2,
        },
      ),
      healthCheckNodePort: fc.constantFrom(undefined, 32001, 32002),
    }),
    ingress: fc.array(fc.record({ ip: either, ipMode: fc.constantFrom('VIP', 'Proxy') }), { maxLength: 2 }),
  })
  .map(({ name, created, scheduler, spec, ingress }) => ({
    metadata: {
      name,
      creationTimestamp: created,
      ...(scheduler !== undefined && { annotations: { 'ipvs-director.io/scheduler': scheduler } }),
    },
    spec,
    status: { loadBalancer: { ingress } },
  }))

function endpointsOf(
  addresses: readonly string[],
): fc.Arbitrary<NonNullable<KubernetesEndpointSlice['endpoints']>> {
  const endpoint = fc.record({
    addresses: fc.constantFrom(...addresses).map((address) => [address]),
    nodeName: fc.constantFrom('node-1', 'node-2'),
    conditions: fc.record({ ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() }),
    hints: fc.option(fc.record({ forZones: fc.constantFrom([{ name: 'zone-a' }], [{ name: 'zone-b' }]) }), {
      nil: undefined,
    }),
  })
  return fc.array(endpoint, { maxLength: 4 })
}

function sliceOf(addressType: string, addresses: readonly string[]): fc.Arbitrary<KubernetesEndpointSlice> {
  return fc
    .record({
      name: fc.constantFrom('s1', 's2', 's3', 's4'),
      serviceName: names,
      endpoints: endpointsOf(addresses),
      ports: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('x', 'y', 'z'),
          protocol: protocols,
          port: fc.constantFrom(8080, 8081),
        }),
        { maxLength: 3, selector: ({ name, protocol }) => `${name} ${protocol}` },
      ),
    })
    .map(({ name, serviceName, endpoints, ports }) => ({
      metadata: { name, labels: { 'kubernetes.io/service-name': serviceName } },
      addressType,
      endpoints,
      ports,
    }))
}

export const slice: fc.Arbitrary<KubernetesEndpointSlice> = fc.oneof(
  sliceOf('IPv4', ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4']),
  sliceOf('IPv6', ['fd01::1', 'fd01::2']),
)

export const virtualService: fc.Arbitrary<VirtualService> = fc.record({
  name: fc.constantFrom('v1', 'v2'),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  address: fc.constantFrom('198.51.100.1', '10.96.0.1'),
  port: portNumbers,
  scheduler: fc.constantFrom('rr', 'wlc'),
  servers: fc.uniqueArray(
    fc.record({
      address: fc.constantFrom('10.1.0.1', '10.1.0.2'),
      port: fc.constantFrom(8080, 8081),
      weight: fc.constantFrom(0, 1, 100),
    }),
    { maxLength: 3, selector: ({ address, port }) => `${address} ${port}` },
  ),
})

/** Lists in which every name occurs once: a cluster has one object of a name. */
export const desired: fc.Arbitrary<Required<DesiredState>> = fc.record({
  services: fc.uniqueArray(service, { maxLength: 4, selector: ({ metadata }) => metadata?.name }),
  endpointSlices: fc.uniqueArray(slice, { maxLength: 4, selector: ({ metadata }) => metadata?.name }),
  virtualServices: fc.uniqueArray(virtualService, { maxLength: 2, selector: ({ name }) => name }),
})
