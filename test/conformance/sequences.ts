/** Behaviours that show in what follows on something else: services and endpoints that change. */
import type { DesiredState } from '../../lib/index.js'
import { type Picture, service, slice } from './row.js'

export interface Step {
  /** Everything that is wished from now on. */
  readonly desired: DesiredState
  readonly services: Picture['services']
  /** Virtual services whose UDP flows to servers that are gone must be forgotten in this step. */
  readonly cleansFlows?: readonly string[]
  readonly healthChecks?: readonly number[]
}

export interface Sequence {
  readonly name: string
  readonly steps: readonly Step[]
}

const ports = [{ name: 'p80', port: 80, protocol: 'UDP' }]
const udp = service({ ports })
const key = 'udp 10.20.30.41:80'

const endpointsOf = (
  addresses: readonly string[],
  port: { name?: string; port?: number } = {},
): DesiredState => ({
  services: [udp],
  endpointSlices: [slice(addresses, { ports: [{ name: 'p80', port: 80, protocol: 'UDP', ...port }] })],
})

/** From some endpoints to others. */
function change(
  name: string,
  before: DesiredState,
  first: readonly string[],
  after: DesiredState,
  second: readonly string[],
  cleans: boolean,
): Sequence {
  return {
    name,
    steps: [
      { desired: before, services: { [key]: first } },
      { desired: after, services: { [key]: second }, cleansFlows: cleans ? [key] : [] },
    ],
  }
}

const [one, two] = ['10.180.0.1', '10.180.0.2']
const balancer = service({
  type: 'LoadBalancer',
  ingress: ['1.2.3.4'],
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 30345,
})
const clusterOnly = { 'tcp 10.20.30.41:80': [] }
const withBalancer = { ...clusterOnly, 'tcp 1.2.3.4:80': [] }

export const sequences: readonly Sequence[] = [
  change('unchanged', endpointsOf([one]), [`${one}:80`], endpointsOf([one]), [`${one}:80`], false),
  change(
    'an endpoint comes',
    endpointsOf([one]),
    [`${one}:80`],
    endpointsOf([one, two]),
    [`${one}:80`, `${two}:80`],
    false,
  ),
  change(
    'an endpoint goes',
    endpointsOf([one, two]),
    [`${one}:80`, `${two}:80`],
    endpointsOf([one]),
    [`${one}:80`],
    true,
  ),
  change(
    'an endpoint takes another’s place',
    endpointsOf([one]),
    [`${one}:80`],
    endpointsOf([two]),
    [`${two}:80`],
    true,
  ),
  change('the first endpoint comes', endpointsOf([]), [], endpointsOf([one]), [`${one}:80`], true),
  change('the last endpoint goes', endpointsOf([one]), [`${one}:80`], endpointsOf([]), [], true),
  change(
    'the endpoint port is renumbered',
    endpointsOf([one]),
    [`${one}:80`],
    endpointsOf([one], { port: 8080 }),
    [`${one}:8080`],
    true,
  ),
  change(
    'the endpoint port is renamed away',
    endpointsOf([one]),
    [`${one}:80`],
    endpointsOf([one], { name: 'other' }),
    [],
    true,
  ),
  change(
    'the endpoint port is renamed to the service’s',
    endpointsOf([one], { name: 'other' }),
    [],
    endpointsOf([one]),
    [`${one}:80`],
    true,
  ),
  change(
    'a slice comes beside another',
    endpointsOf([one]),
    [`${one}:80`],
    {
      services: [udp],
      endpointSlices: [slice([one], { ports }), slice([two], { ports, name: 'svc-2' })],
    },
    [`${one}:80`, `${two}:80`],
    false,
  ),
  {
    name: 'a service becomes a balancer, is said again, and goes back',
    steps: [
      { desired: { services: [service()] }, services: clusterOnly, healthChecks: [] },
      { desired: { services: [balancer] }, services: withBalancer, healthChecks: [30345] },
      { desired: { services: [balancer] }, services: withBalancer, healthChecks: [30345] },
      { desired: { services: [service()] }, services: clusterOnly, healthChecks: [] },
    ],
  },
  {
    name: 'services come together and go one by one',
    steps: [
      {
        desired: {
          services: [service(), service({ name: 'b', clusterIP: '10.20.30.42', ports: [80, 443] })],
        },
        services: { ...clusterOnly, 'tcp 10.20.30.42:80': [], 'tcp 10.20.30.42:443': [] },
      },
      {
        desired: { services: [service({ name: 'b', clusterIP: '10.20.30.42', ports: [443] })] },
        services: { 'tcp 10.20.30.42:443': [] },
      },
      { desired: {}, services: {} },
    ],
  },
]
