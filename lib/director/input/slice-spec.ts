/** An EndpointSlice as the planner works with it: checked, canonical, free of what is not read. */
import { InvalidArgumentError } from '../../errors.js'
import type { Family, Protocol } from '../../ipvs/types.js'
import * as check from './check.js'
import { familyOf } from './ip.js'
import type { KubernetesEndpoint, KubernetesEndpointSlice } from './kubernetes.js'
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
  return { name, service, family, ports: readPorts(slice), endpoints: readEndpoints(slice, family) }
}

/** A port without a number stands for all ports, which a virtual service on one port cannot use. */
function readPorts(slice: KubernetesEndpointSlice): EndpointPortSpec[] {
  const result: EndpointPortSpec[] = []
  for (const [index, given] of check.list('ports', slice.ports).entries()) {
    // Names are made when one is told.
    const field = (): string => `ports[${index}]`
    check.object(field, given)
    if (given.port === null || given.port === undefined) continue
    result.push({
      name: given.name ?? '',
      protocol: check.protocol(() => `${field()}.protocol`, given.protocol),
      port: check.port(() => `${field()}.port`, given.port),
    })
  }
  return result
}

function readEndpoints(slice: KubernetesEndpointSlice, family: Family): readonly EndpointSpec[] {
  const given = check.list('endpoints', slice.endpoints)
  const result: EndpointSpec[] = []
  // Names are made when one is told: one of each for all endpoints, not for each of a hundred thousand.
  let index = 0
  const field = (): string => `endpoints[${index}]`
  const addresses = (): string => `${field()}.addresses`
  const firstAddress = (): string => `${addresses()}[0]`
  for (; index < given.length; index++) {
    const endpoint = given[index] as KubernetesEndpoint
    check.object(field, endpoint)
    const [first] = check.list(addresses, endpoint.addresses)
    if (first !== undefined) result.push(readEndpoint(firstAddress, endpoint, first, family))
  }
  // A copy has no room to grow.
  return [...result]
}

function readEndpoint(
  field: () => string,
  given: KubernetesEndpoint,
  first: string,
  family: Family,
): EndpointSpec {
  const address = check.address(field, first)
  if (familyOf(address) !== family) {
    const wanted = family === 'inet' ? 'an IPv4 address' : 'an IPv6 address'
    throw new InvalidArgumentError(field(), first, `${wanted}, as addressType says`)
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
