/**
 * The cluster that the suite programs: `services` × `endpoints`, as Kubernetes objects, each computed from its number.
 * Objects are made when they are asked for, so that they do not count as the director's memory.
 */
import { formatIpv4 } from '../../lib/address.js'
import type { KubernetesEndpointSlice, KubernetesService } from '../../lib/index.js'

export interface ClusterSize {
  readonly services: number
  readonly endpoints: number
}

/** One endpoint in this many runs on the node that is programmed. */
const nodes = 100
export const nodeName = 'node-0'

export const servicePort = 80
export const endpointPort = 8080

/** 10.96.0.1 onwards. */
export function clusterAddress(service: number): string {
  return formatIpv4(0x0a600001 + service)
}

/** 10.128.0.1 onwards; every change of an endpoint takes the next `generation` of addresses. */
export function endpointAddress(size: ClusterSize, index: number, generation = 0): string {
  return formatIpv4(0x0a800001 + generation * size.services * size.endpoints + index)
}

export function serviceName(service: number): string {
  return `service-${service}`
}

export function service(index: number): KubernetesService {
  return {
    metadata: { namespace: 'bench', name: serviceName(index), creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterAddress(index),
      clusterIPs: [clusterAddress(index)],
      ports: [{ name: 'http', protocol: 'TCP', port: servicePort }],
    },
  }
}

/** The endpoints of one service; the first `replaced` of them are of the given generation. */
export function slice(
  size: ClusterSize,
  index: number,
  replaced: { readonly count: number; readonly generation: number } = { count: 0, generation: 0 },
): KubernetesEndpointSlice {
  return {
    metadata: {
      namespace: 'bench',
      name: `${serviceName(index)}-a`,
      labels: { 'kubernetes.io/service-name': serviceName(index) },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: endpointPort }],
    endpoints: Array.from({ length: size.endpoints }, (_, nth) => {
      const number = index * size.endpoints + nth
      const generation = nth < replaced.count ? replaced.generation : 0
      return {
        addresses: [endpointAddress(size, number, generation)],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${number % nodes}`,
      }
    }),
  }
}

/** Numbers of the endpoints that run on the node that is programmed. */
export function* localEndpoints({ services, endpoints }: ClusterSize): Generator<number> {
  for (let number = 0; number < services * endpoints; number += nodes) yield number
}
