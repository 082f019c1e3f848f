/**
 * What tells a virtual service for ours, also after a restart or a crash: an entry in one of our sets, there from before
 * the service is made until after it is gone.
 */
import { type Family, type ServiceKey } from '../../ipvs/types.js'

/**
 * In the syntax of `hash:ip,port`. That of a service of every port names port 0, and that of a firewall mark UDP-Lite,
 * which IPVS does not know, and the mark as an address: no packet for a service of ours matches them.
 */
export function traceOf(service: ServiceKey): string {
  if ('fwmark' in service) return `${markAddress(service.fwmark, service.family)},udplite:0`
  return `${service.address},${service.protocol}:${service.port}`
}

/** 7 is 0.0.0.7 and, in the block that IPv6 keeps for packets to be thrown away (RFC 6666), 100::7. */
function markAddress(mark: number, family: Family): string {
  const [high, low] = [mark >>> 16, mark & 0xffff]
  if (family === 'inet') return [high >>> 8, high & 0xff, low >>> 8, low & 0xff].join('.')
  const hex = (group: number): string => group.toString(16)
  return high === 0 ? `100::${hex(low)}` : `100::${hex(high)}:${hex(low)}`
}
