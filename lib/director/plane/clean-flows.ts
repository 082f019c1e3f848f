/** Makes conntrack forget UDP flows to servers that a service no longer has. */
import { formatEndpoint } from '../../address.js'
import type { ServiceKey } from '../../ipvs/types.js'
import { type FlowEnds, isStale } from './flows.js'
import type { KernelState } from '../state/state.js'

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
  const gone = new Map<string, FlowEnds['reply']>()
  for await (const { original: asked, reply } of table.flows({ protocol: 'udp', original })) {
    if (isStale({ original: asked, reply }, planned)) {
      gone.set(formatEndpoint(reply.source, reply.sourcePort ?? 0), reply)
    }
  }
  // One deletion a server that is gone: a busy name server has thousands of flows.
  for (const { source, sourcePort } of gone.values()) {
    await table.delete({
      protocol: 'udp',
      original,
      reply: { source, ...(sourcePort !== undefined && { sourcePort }) },
    })
  }
}
