/**
 * Which flows of conntrack are stale: UDP to a virtual service whose real server is gone. UDP has no end, so such a flow
 * would lead its client into nothing for as long as the client keeps asking.
 */
import { formatEndpoint } from '../../address.js'
import { type KernelState, serviceKeyText } from '../state/state.js'

interface FlowDirection {
  readonly source: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** What must be known of a flow: what the client asked for, and who answers. */
export interface FlowEnds {
  readonly original: FlowDirection
  readonly reply: FlowDirection
}

/**
 * A planned service without any server is skipped, as kube-proxy does: nobody could answer better. kube-proxy keeps flows
 * to every serving endpoint; here the servers decide, since IPVS removes UDP servers at once and would not forward to
 * others.
 */
export function isStale(flow: FlowEnds, planned: KernelState): boolean {
  const { destination: address, destinationPort: port = 0 } = flow.original
  const service = planned.services.get(serviceKeyText({ protocol: 'udp', address, port }))
  if (service === undefined || service.servers.size === 0) return false
  return !service.servers.has(formatEndpoint(flow.reply.source, flow.reply.sourcePort ?? 0))
}
