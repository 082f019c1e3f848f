/**
 * Which flows of conntrack are stale: UDP to a virtual service whose real server is gone. UDP has no end, so such a flow
 * would lead its client into nothing for as long as the client keeps asking.
 */
import { formatEndpoint } from '../../address.js'
import type { ServiceKey } from '../../ipvs/types.js'
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

/** The service that a UDP flow would be for. */
export function serviceOf({ original }: FlowEnds): ServiceKey & { readonly protocol: 'udp' } {
  const { destination: address, destinationPort: port = 0 } = original
  return { protocol: 'udp', address, port }
}

/**
 * A planned service without any server is skipped, as kube-proxy does: nobody could answer better. kube-proxy keeps flows
 * to every serving endpoint; here the servers decide, since IPVS removes UDP servers at once and would not forward to
 * others. Of a service that is not planned, every flow is stale that somebody else answers than who was asked.
 */
export function isStale(flow: FlowEnds, planned: KernelState): boolean {
  const { original, reply } = flow
  const service = planned.services.get(serviceKeyText(serviceOf(flow)))
  const answers = formatEndpoint(reply.source, reply.sourcePort ?? 0)
  if (service === undefined)
    return answers !== formatEndpoint(original.destination, original.destinationPort ?? 0)
  return service.servers.size > 0 && !service.servers.has(answers)
}
