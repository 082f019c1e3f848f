/**
 * A behaviour of kube-proxy's IPVS mode as data: what goes in, and what the kernel must hold then. The same rows are
 * checked against the pure plan, and against a real kernel read back by other people's tools.
 */
import type {
  DesiredState,
  DirectorOptions,
  KubernetesEndpointSlice,
  KubernetesService,
  NodeFacts,
} from '../../lib/index.js'

/** What a kernel holds, in the shortest form that still tells everything a row is about. */
export interface Picture {
  /**
   * Virtual services with their servers. Keys as in `tcp 10.0.0.1:80`, followed by what is not the default: scheduler
   * other than rr, `persistent SECONDS`, `flags …`. Servers as `address:port`, followed by a method other than
   * masquerade and a weight other than 1.
   */
  readonly services: Readonly<Record<string, readonly string[]>>
  /** Sets that have entries, sorted. A set that is not named is empty, but exists. */
  readonly sets: Readonly<Record<string, readonly string[]>>
  /** How each set is made: type and options as ipset prints them, without what the kernel chooses itself. */
  readonly setOptions: Readonly<Record<string, string>>
  /** Settings that the director writes, and no others. */
  readonly sysctls: Readonly<Record<string, string>>
  /** On the dummy link, sorted. */
  readonly addresses: readonly string[]
  /** Of each chain: what each rule does, and what makes it do so: `RETURN(-s 127.0.0.0/8)`, `ACCEPT(KUBE-CLUSTER-IP)`. */
  readonly chains: Readonly<Record<string, readonly string[]>>
  /** What the comments of those rules say, in the same order. Not for rows: see comments.ts. */
  readonly comments: Readonly<Record<string, readonly string[]>>
}

export interface Row {
  /** The behaviour, as a sentence. */
  readonly name: string
  readonly facts?: Partial<NodeFacts>
  readonly options?: DirectorOptions
  readonly desired: DesiredState
  /** Parts that are left out are not this row's business; chains are compared one by one. */
  readonly expect: Partial<Omit<Picture, 'comments'>>
  /** Local endpoints that health-check servers announce, by port. Not in the kernel: for the plan alone. */
  readonly healthChecks?: Readonly<Record<string, number>>
  /** Services without local endpoints, by policy. For the plan alone. */
  readonly withoutLocal?: Readonly<Record<'internal' | 'external', number>>
}

/** IPv4 only unless a row says otherwise: the tables that the rows come from are written per family. */
export const defaultOptions: DirectorOptions = { families: ['inet'] }

export const defaultFacts: NodeFacts = {
  name: 'test-node',
  kernelRelease: '6.1.0',
  iptablesRandomFully: true,
  addresses: [{ interface: 'lo', address: '127.0.0.1' }],
}

export const eth0: Partial<NodeFacts> = {
  addresses: [
    { interface: 'lo', address: '127.0.0.1' },
    { interface: 'eth0', address: '100.101.102.103' },
    { interface: 'eth0', address: '2001:db8::1:1' },
  ],
}

type Spec = NonNullable<KubernetesService['spec']>
type Port = NonNullable<Spec['ports']>[number]

interface ServiceInput extends Omit<Spec, 'ports'> {
  readonly name?: string
  readonly ports?: readonly (Port | number)[]
  readonly ingress?: readonly (string | { ip: string; ipMode: string })[]
  readonly annotations?: Record<string, string>
  readonly labels?: Record<string, string>
  readonly creationTimestamp?: string
}

/** A service called svc with TCP port 80 at 10.20.30.41, unless said otherwise. */
export function service(input: ServiceInput = {}): KubernetesService {
  const { name = 'svc', ports = [80], ingress = [], annotations, labels, creationTimestamp, ...spec } = input
  return {
    metadata: { name, namespace: 'ns', annotations, labels, creationTimestamp },
    spec: {
      clusterIP: '10.20.30.41',
      ...spec,
      ports: ports.map((port) => (typeof port === 'number' ? { name: `p${port}`, port } : port)),
    },
    status: {
      loadBalancer: { ingress: ingress.map((entry) => (typeof entry === 'string' ? { ip: entry } : entry)) },
    },
  }
}

type Endpoint = NonNullable<KubernetesEndpointSlice['endpoints']>[number]

export interface EndpointInput extends Omit<Endpoint, 'addresses' | 'conditions'> {
  readonly at: string
  /** `node: 'test-node'` */
  readonly local?: boolean
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}

/** Endpoints of `svc`, port p80 → 80, unless said otherwise. */
export function slice(
  endpoints: readonly (string | EndpointInput)[],
  more: {
    name?: string
    of?: string
    ports?: readonly { name?: string; port: number; protocol?: string }[]
  } = {},
): KubernetesEndpointSlice {
  const inputs = endpoints.map((one) => (typeof one === 'string' ? { at: one } : one))
  const of = more.of ?? 'svc'
  return {
    metadata: {
      name: more.name ?? `${of}-1`,
      namespace: 'ns',
      labels: { 'kubernetes.io/service-name': of },
    },
    addressType: inputs[0]?.at.includes(':') === true ? 'IPv6' : 'IPv4',
    ports: more.ports ?? [{ name: 'p80', port: 80 }],
    endpoints: inputs.map(({ at, local, ready, serving, terminating, ...rest }) => ({
      addresses: [at],
      conditions: { ready, serving, terminating },
      nodeName: local === true ? 'test-node' : 'other-node',
      ...rest,
    })),
  }
}
