/** Which endpoints become servers. */
import type { EndpointInput } from './row.js'
import { eth0, type Row, service, slice } from './row.js'

const ending = { ready: false, serving: true, terminating: true }
const cluster = 'tcp 10.20.30.41:80'

/** A row about the servers of the cluster address alone. */
function serversOf(
  name: string,
  endpoints: readonly (string | EndpointInput)[],
  servers: readonly string[],
  more: Partial<Row> = {},
): Row {
  return {
    name,
    desired: { services: [service()], endpointSlices: [slice(endpoints)] },
    expect: { services: { [cluster]: servers } },
    ...more,
  }
}

const zoned = (at: string, zone: string): EndpointInput => ({ at, hints: { forZones: [{ name: zone }] } })
const noded = (at: string, node: string, zone: string): EndpointInput => ({
  at,
  hints: { forNodes: [{ name: node }], forZones: [{ name: zone }] },
})
const inZoneA = { zone: 'zone-a' }
const external = service({
  externalIPs: ['50.60.70.81'],
  externalTrafficPolicy: 'Local',
  internalTrafficPolicy: 'Local',
})

export const endpointRows: readonly Row[] = [
  serversOf('absent conditions mean ready', ['10.180.0.1'], ['10.180.0.1:80']),
  serversOf(
    'endpoints that are not ready are no servers',
    ['10.180.0.1', { at: '10.180.0.2', ready: false }, { at: '10.180.0.3', ...ending }],
    ['10.180.0.1:80'],
  ),
  serversOf(
    'where none is ready, those that serve while they end take over',
    [
      { at: '10.180.0.1', ...ending },
      { at: '10.180.0.2', ready: false, serving: false, terminating: true },
    ],
    ['10.180.0.1:80'],
  ),
  serversOf(
    'an endpoint that neither serves nor ends is no server',
    [{ at: '10.180.0.1', ready: false, serving: true }],
    [],
  ),
  serversOf(
    'zone hints are followed where every ready endpoint has them',
    [zoned('10.180.0.1', 'zone-a'), zoned('10.180.0.2', 'zone-b')],
    ['10.180.0.1:80'],
    { facts: inZoneA },
  ),
  serversOf(
    'zone hints are ignored where one ready endpoint has none',
    [zoned('10.180.0.1', 'zone-a'), zoned('10.180.0.2', 'zone-b'), '10.180.0.3'],
    ['10.180.0.1:80', '10.180.0.2:80', '10.180.0.3:80'],
    { facts: inZoneA },
  ),
  serversOf(
    'zone hints are ignored where none means this zone',
    [zoned('10.180.0.1', 'zone-b'), zoned('10.180.0.2', 'zone-c')],
    ['10.180.0.1:80', '10.180.0.2:80'],
    { facts: inZoneA },
  ),
  serversOf(
    'node hints go before zone hints',
    [noded('10.180.0.1', 'test-node', 'zone-b'), noded('10.180.0.2', 'other-node', 'zone-a')],
    ['10.180.0.1:80'],
    { facts: inZoneA },
  ),
  {
    name: 'several slices together are the endpoints; one that is in two counts once',
    desired: {
      services: [service()],
      endpointSlices: [
        slice(['10.180.0.1', { at: '10.180.0.2', ready: false }], { name: 'a' }),
        slice(['10.180.0.1', '10.180.0.2'], { name: 'b' }),
      ],
    },
    expect: { services: { [cluster]: ['10.180.0.1:80', '10.180.0.2:80'] } },
  },
  {
    name: 'every endpoint of this node, in whatever condition, may reach itself through the service',
    desired: {
      services: [service()],
      endpointSlices: [
        slice([
          { at: '10.180.0.1', local: true },
          { at: '10.180.0.2', local: true, ready: false },
          { at: '10.180.0.3', local: true, ...ending },
          '10.180.1.1',
        ]),
      ],
    },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-IPVS-IPS': ['10.20.30.41'],
        'KUBE-LOOP-BACK': [
          '10.180.0.1,tcp:80,10.180.0.1',
          '10.180.0.2,tcp:80,10.180.0.2',
          '10.180.0.3,tcp:80,10.180.0.3',
        ],
      },
      chains: {
        'nat KUBE-POSTROUTING': [
          'MASQUERADE (KUBE-LOOP-BACK dst,dst,src)',
          'RETURN (mark ! mark 0x4000/0x4000)',
          'MARK --set-xmark 0x4000/0x0',
          'MASQUERADE --random-fully',
        ],
      },
    },
  },
  {
    name: 'the internal Local policy uses this node’s endpoints',
    desired: {
      services: [service({ internalTrafficPolicy: 'Local' })],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true }, '10.180.1.1'])],
    },
    expect: { services: { [cluster]: ['10.180.0.1:80'] } },
  },
  {
    name: 'the internal Local policy without local endpoints leaves a purely internal service without servers',
    desired: {
      services: [service({ internalTrafficPolicy: 'Local' })],
      endpointSlices: [slice(['10.180.1.1'])],
    },
    expect: { services: { [cluster]: [] } },
  },
  {
    name: 'Local policies without local endpoints fall back to all of them where the service is reachable from outside',
    desired: { services: [external], endpointSlices: [slice(['10.180.1.1'])] },
    expect: { services: { [cluster]: ['10.180.1.1:80'], 'tcp 50.60.70.81:80': ['10.180.1.1:80'] } },
  },
  {
    name: 'the fallback of Local policies can be turned off',
    options: { families: ['inet'], localFallback: false },
    desired: { services: [external], endpointSlices: [slice(['10.180.1.1'])] },
    expect: { services: { [cluster]: [], 'tcp 50.60.70.81:80': [] } },
  },
  {
    name: 'a Local policy uses local endpoints that serve while they end before it falls back',
    facts: eth0,
    desired: {
      services: [external],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true, ...ending }, '10.180.1.1'])],
    },
    expect: { services: { [cluster]: ['10.180.0.1:80'], 'tcp 50.60.70.81:80': ['10.180.0.1:80'] } },
  },
  {
    name: 'endpoints whose slice has another port name are not this port’s servers',
    desired: {
      services: [service()],
      endpointSlices: [slice(['10.180.0.1'], { ports: [{ name: 'renamed', port: 80 }] })],
    },
    expect: { services: { [cluster]: [] } },
  },
  {
    name: 'an unnamed port takes the unnamed endpoint port',
    desired: {
      services: [service({ ports: [{ port: 80 }] })],
      endpointSlices: [slice(['10.180.0.1'], { ports: [{ port: 8080 }] })],
    },
    expect: { services: { [cluster]: ['10.180.0.1:8080'] } },
  },
]
