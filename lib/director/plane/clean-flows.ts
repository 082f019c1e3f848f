/** Finds UDP flows to servers that a service does not have, and makes conntrack forget them. */
import type { ServiceKey } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import { type KernelState, serviceKeyText } from '../state/state.js'
import { type FlowEnds, isStale, serviceOf } from './flows.js'

interface Direction {
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
}

interface FlowFilter {
  readonly protocol: 'udp'
  readonly original?: Direction
  readonly reply?: Direction
}

/** What is needed of `kernel.conntrack`. */
export interface FlowTable {
  flows(filter: FlowFilter): AsyncIterable<FlowEnds>
  delete(filter: FlowFilter): Promise<{ readonly deleted: number }>
}

/** A kernel that is asked for nothing but IPVS may come without conntrack: then there is nothing to forget. */
export function flowTableOf(kernel: Kernel): FlowTable | undefined {
  return (kernel as { readonly conntrack?: FlowTable }).conntrack
}

/** Planned services with stale flows. Where the table cannot be read, each may have some: cleaning will tell why. */
export async function readStaleFlows(
  table: FlowTable | undefined,
  planned: KernelState,
): Promise<Map<string, ServiceKey>> {
  const found = new Map<string, ServiceKey>()
  const candidates = udpServices(planned)
  if (table === undefined || candidates.size === 0) return found
  try {
    for await (const flow of table.flows({ protocol: 'udp' })) {
      const service = serviceOf(flow)
      const key = serviceKeyText(service)
      if (candidates.has(key) && isStale(flow, planned)) found.set(key, service)
    }
  } catch {
    return candidates
  }
  return found
}

function udpServices({ services }: KernelState): Map<string, ServiceKey> {
  const found = new Map<string, ServiceKey>()
  for (const [key, { service, servers }] of services) {
    if ('protocol' in service && service.protocol === 'udp' && servers.size > 0) found.set(key, service)
  }
  return found
}

/** Returns how many flows were deleted. One walk of the table finds the stale ones of all services. */
export async function cleanFlows(
  table: FlowTable,
  services: readonly ServiceKey[],
  planned: KernelState,
): Promise<number> {
  const gone = new Map<string, FlowFilter>()
  const asked = new Set(services.map(serviceKeyText))
  for await (const flow of table.flows(filterFor(services))) {
    if (!asked.has(serviceKeyText(serviceOf(flow))) || !isStale(flow, planned)) continue
    const filter = sameEnds(flow)
    gone.set(JSON.stringify(filter), filter)
  }
  let count = 0
  // One deletion a server that is gone: a busy name server has thousands of flows.
  for (const filter of gone.values()) count += (await table.delete(filter)).deleted
  return count
}

/** Of one service alone the kernel gives no other flows. */
function filterFor(services: readonly ServiceKey[]): FlowFilter {
  const [only] = services
  if (services.length !== 1 || only === undefined || 'fwmark' in only) return { protocol: 'udp' }
  return { protocol: 'udp', original: { destination: only.address, destinationPort: only.port } }
}

/** All flows to the same service that the same server answers. */
function sameEnds({ original, reply }: FlowEnds): FlowFilter {
  const { destination, destinationPort } = original
  const { source, sourcePort } = reply
  return {
    protocol: 'udp',
    original: { destination, ...(destinationPort !== undefined && { destinationPort }) },
    reply: { source, ...(sourcePort !== undefined && { sourcePort }) },
  }
}
