/** An EndpointSlice as the planner works with it: checked, canonical, free of what is not read. */
import { InvalidArgumentError } from '../../errors.js'
import type { Family, Protocol } from '../../ipvs/types.js'
import * as check from './check.js'
import { familyOf } from './ip.js'
import type { KubernetesEndpoint, KubernetesEndpointPort, KubernetesEndpointSlice } from './kubernetes.js'
import { isForOthers, objectName } from './service-spec.js'

export interface EndpointSpec {
  readonly address: string
  readonly condition: Condition
  readonly nodeName: string | undefined
  readonly hints: Hints | undefined
}

/** One of eight objects that all endpoints share. */
export interface Condition {
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
}

/** Zones and nodes that should use an endpoint. */
export interface Hints {
  readonly zones: readonly string[] | undefined
  readonly nodes: readonly string[] | undefined
}

export interface EndpointPortSpec {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

export interface SliceSpec {
  /** `namespace/name` of the slice. */
  readonly name: string
  /** `namespace/name` of its service. */
  readonly service: string
  readonly family: Family
  readonly ports: readonly EndpointPortSpec[]
  readonly endpoints: readonly EndpointSpec[]
}

const addressTypes = ['IPv4', 'IPv6', 'FQDN'] as const
const serviceLabel = 'kubernetes.io/service-name'

/** The service that a slice belongs to, `namespace/name`. @throws InvalidArgumentError */
export function sliceService(slice: KubernetesEndpointSlice): string {
  check.object('endpointSlice', slice)
  const labels = slice.metadata?.labels
  const service = check.text(`metadata.labels["${serviceLabel}"]`, labels?.[serviceLabel])
  return `${slice.metadata?.namespace ?? 'default'}/${service}`
}

/**
 * `undefined` for a slice that has nothing to forward to: names instead of addresses, or another proxy's.
 *
 * @throws InvalidArgumentError naming the field
 */
export function readSlice(slice: KubernetesEndpointSlice): SliceSpec | undefined {
  const service = sliceService(slice)
  const name = objectName(slice.metadata)
  const type = check.oneOf('addressType', slice.addressType, addressTypes)
  if (type === 'FQDN' || isForOthers(slice.metadata ?? {})) return undefined
  const family = type === 'IPv4' ? 'inet' : 'inet6'
  return {
    name,
    service,
    family,
    ports: check.each('ports', slice.ports, readPort),
    endpoints: check.each('endpoints', slice.endpoints, (given) => readEndpoint(given, family)),
  }
}

/** A port without a number stands for all ports, which a virtual service on one port cannot use. */
function readPort(given: KubernetesEndpointPort): EndpointPortSpec | undefined {
  if (given.port === null || given.port === undefined) return undefined
  return {
    name: given.name ?? '',
    protocol: check.protocol('protocol', given.protocol),
    port: check.port('port', given.port),
  }
}

function readEndpoint(given: KubernetesEndpoint, family: Family): EndpointSpec | undefined {
  const first = check.list('addresses', given.addresses)[0]
  if (first === undefined) return undefined
  const address = check.address('addresses[0]', first)
  if (familyOf(address) !== family) {
    const wanted = family === 'inet' ? 'an IPv4 address' : 'an IPv6 address'
    throw new InvalidArgumentError('addresses[0]', first, `${wanted}, as addressType says`)
  }
  return {
    address,
    condition: conditionOf(given.conditions),
    nodeName: given.nodeName ?? undefined,
    hints: hintsOf(given.hints),
  }
}

const conditions: readonly Condition[] = Array.from({ length: 8 }, (_, bits) => ({
  ready: (bits & 1) > 0,
  serving: (bits & 2) > 0,
  terminating: (bits & 4) > 0,
}))

function conditionOf(given: KubernetesEndpoint['conditions']): Condition {
  const { ready, serving, terminating } = given ?? {}
  const bits = ((ready ?? true) ? 1 : 0) | ((serving ?? true) ? 2 : 0) | ((terminating ?? false) ? 4 : 0)
  return conditions[bits] as Condition
}

function hintsOf(given: KubernetesEndpoint['hints']): Hints | undefined {
  if (given === null || given === undefined) return undefined
  return { zones: hintNames(given.forZones), nodes: hintNames(given.forNodes) }
}

function hintNames(hints: readonly { readonly name: string }[] | null | undefined): string[] | undefined {
  return hints === null || hints === undefined || hints.length === 0
    ? undefined
    : hints.map(({ name }) => name)
}
