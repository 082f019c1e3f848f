/** A Kubernetes service as the planner works with it: checked, canonical, free of what is not read. */
import { InvalidArgumentError } from '../../errors.js'
import type { Family, Protocol } from '../../ipvs/types.js'
import * as check from './check.js'
import type { Prefix } from './ip.js'
import { familyOf } from './ip.js'
import type {
  KubernetesMetadata,
  KubernetesService,
  KubernetesServicePort,
  KubernetesServiceSpec,
} from './kubernetes.js'
import { readTuning, type Tuning } from './tuning.js'

export interface PortSpec {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly nodePort: number | undefined
}

export interface ServiceSpec {
  /** `namespace/name` */
  readonly name: string
  /** Sorts older services first; ties are broken by name. */
  readonly rank: string
  readonly ports: readonly PortSpec[]
  readonly clusterAddress: Readonly<Partial<Record<Family, string>>>
  readonly externalAddresses: Readonly<Record<Family, readonly string[]>>
  readonly balancerAddresses: Readonly<Record<Family, readonly string[]>>
  /** Empty: everybody may come. */
  readonly sourceRanges: Readonly<Record<Family, readonly Prefix[]>>
  /** Client affinity, seconds. */
  readonly affinitySeconds: number | undefined
  readonly internalLocal: boolean
  readonly externalLocal: boolean
  readonly healthCheckPort: number | undefined
  readonly tuning: Tuning
}

const types = ['ClusterIP', 'NodePort', 'LoadBalancer'] as const
const affinities = ['None', 'ClientIP'] as const
const policies = ['Cluster', 'Local'] as const

/** Services with one of these labels belong to another proxy or have no virtual address. */
const labelsOfOthers = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']

export function isForOthers(metadata: KubernetesMetadata): boolean {
  return labelsOfOthers.some((label) => metadata.labels?.[label] !== undefined)
}

/** `namespace/name`. @throws InvalidArgumentError */
export function objectName(metadata: KubernetesMetadata | null | undefined): string {
  check.object('metadata', metadata)
  return `${metadata?.namespace ?? 'default'}/${check.text('metadata.name', metadata?.name)}`
}

/**
 * `undefined` for a service that has nothing to program: headless, ExternalName, or another proxy's.
 *
 * @throws InvalidArgumentError naming the field
 */
export function readService(service: KubernetesService): ServiceSpec | undefined {
  check.object('service', service)
  const name = objectName(service.metadata)
  const metadata = service.metadata ?? {}
  check.object('spec', service.spec)
  const spec = service.spec ?? {}
  const clusterAddress = readClusterAddress(spec)
  if (spec.type === 'ExternalName' || clusterAddress === undefined || isForOthers(metadata)) return undefined
  const type = check.oneOf('spec.type', spec.type ?? 'ClusterIP', types)
  const externalLocal = isLocal('spec.externalTrafficPolicy', spec.externalTrafficPolicy)
  return {
    name,
    rank: `${created(metadata)} ${name}`,
    ports: readPorts(spec),
    clusterAddress,
    externalAddresses: check.addressesByFamily(
      'spec.externalIPs',
      check.list('spec.externalIPs', spec.externalIPs),
    ),
    balancerAddresses: readBalancerAddresses(service),
    sourceRanges: readSourceRanges(spec),
    affinitySeconds: readAffinity(spec),
    internalLocal: isLocal('spec.internalTrafficPolicy', spec.internalTrafficPolicy),
    externalLocal,
    healthCheckPort: type === 'LoadBalancer' && externalLocal ? readHealthCheckPort(spec) : undefined,
    tuning: readTuning(metadata.annotations),
  }
}

function created({ creationTimestamp: at }: KubernetesMetadata): string {
  if (at === null || at === undefined) return '9999'
  return at instanceof Date ? at.toISOString() : at
}

function readClusterAddress(spec: KubernetesServiceSpec): Partial<Record<Family, string>> | undefined {
  const all = check.list('spec.clusterIPs', spec.clusterIPs)
  const texts = all.length > 0 ? all : [spec.clusterIP ?? '']
  if (texts[0] === '' || texts[0] === 'None') return undefined
  const result: Partial<Record<Family, string>> = {}
  texts.forEach((value, index) => {
    const field = all.length > 0 ? `spec.clusterIPs[${index}]` : 'spec.clusterIP'
    const address = check.address(field, value)
    const family = familyOf(address)
    if (result[family] !== undefined)
      throw new InvalidArgumentError(field, value, 'at most one address of each family')
    result[family] = address
  })
  return result
}

function readPorts(spec: KubernetesServiceSpec): readonly PortSpec[] {
  const ports = check.each('spec.ports', spec.ports, readPort)
  ports.forEach(({ protocol, port }, index) => {
    const first = ports.findIndex((other) => other.protocol === protocol && other.port === port)
    if (first < index)
      throw new InvalidArgumentError(`spec.ports[${index}].port`, port, 'each port and protocol once')
  })
  return ports
}

function readPort(given: KubernetesServicePort): PortSpec {
  return {
    name: given.name ?? '',
    protocol: check.protocol('protocol', given.protocol),
    port: check.port('port', given.port),
    nodePort: optionalPort('nodePort', given.nodePort),
  }
}

/** Kubernetes clients leave an unset port out or write it as 0. */
function optionalPort(field: string, value: number | null | undefined): number | undefined {
  return value === null || value === undefined || value === 0 ? undefined : check.port(field, value)
}

/** An address that the balancer terminates itself (ipMode Proxy) must not be answered on nodes. */
function readBalancerAddresses(service: KubernetesService): ServiceSpec['balancerAddresses'] {
  const field = 'status.loadBalancer.ingress'
  const addresses = check.each(field, service.status?.loadBalancer?.ingress, ({ ip, ipMode }) => {
    const mode = check.oneOf('ipMode', ipMode ?? 'VIP', ['VIP', 'Proxy'])
    return mode === 'Proxy' || ip === null || ip === undefined || ip === ''
      ? undefined
      : check.address('ip', ip)
  })
  return check.addressesByFamily(field, addresses)
}

/** Of all services that say nothing. */
const noRanges: ServiceSpec['sourceRanges'] = { inet: [], inet6: [] }

/** A range of all addresses opens its family: `hash:ip,port,net` could not hold it, and it would change nothing. */
function readSourceRanges(spec: KubernetesServiceSpec): ServiceSpec['sourceRanges'] {
  const field = 'spec.loadBalancerSourceRanges'
  const given = check.list(field, spec.loadBalancerSourceRanges)
  if (given.length === 0) return noRanges
  const result: Record<Family, Prefix[]> = { inet: [], inet6: [] }
  given.forEach((value, index) => {
    const prefix = check.prefix(`${field}[${index}]`, value)
    result[prefix.family].push(prefix)
  })
  for (const family of ['inet', 'inet6'] as const) {
    if (result[family].some((prefix) => prefix.length === 0)) result[family] = []
  }
  return result
}

function readAffinity(spec: KubernetesServiceSpec): number | undefined {
  const kind = check.oneOf('spec.sessionAffinity', spec.sessionAffinity ?? 'None', affinities)
  if (kind === 'None') return undefined
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800
  return check.integer('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, 1, 86400)
}

function isLocal(field: string, value: string | null | undefined): boolean {
  return check.oneOf(field, value ?? 'Cluster', policies) === 'Local'
}

function readHealthCheckPort(spec: KubernetesServiceSpec): number | undefined {
  return optionalPort('spec.healthCheckNodePort', spec.healthCheckNodePort)
}
