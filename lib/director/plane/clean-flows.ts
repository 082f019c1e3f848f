/** Makes conntrack forget UDP flows to servers that a service no longer has. */
import type { ServiceKey } from '../../ipvs/types.js'
import { type FlowEnds, isStale } from '../flows.js'
import type { KernelState } from '../state.js'

interface Direction {
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
}

interface FlowFilter {
  readonly protocol: 'udp'
  readonly original: Direction
  readonly reply?: Direction
}

/** What is needed of `kernel.conntrack`. */
export interface FlowTable {
  flows(filter: FlowFilter): AsyncIterable<FlowEnds>
  delete(filter: FlowFilter): Promise<unknown>
}

export async function cleanFlows(table: FlowTable, service: ServiceKey, planned: KernelState): Promise<void> {
  if ('fwmark' in service) return
  const original = { destination: service.address, destinationPort: service.port }
  const stale: FlowEnds[] = []
  for await (const flow of table.flows({ protocol: 'udp', original })) {
    if (isStale(flow, planned)) stale.push(flow)
  }
  for (const flow of stale) {
    await table.delete({ protocol: 'udp', original: direction(flow.original), reply: direction(flow.reply) })
  }
}

/** The filter that means this flow and no other. */
function direction({ source, destination, sourcePort, destinationPort }: FlowEnds['original']): Direction {
  return {
    source,
    destination,
    ...(sourcePort !== undefined && { sourcePort }),
    ...(destinationPort !== undefined && { destinationPort }),
  }
}
