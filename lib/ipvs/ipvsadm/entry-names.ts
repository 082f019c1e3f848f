/** How ipvsadm writes addresses, services and persistence, in listings and in saved tables alike. */
import type { ServiceState } from '../types.js'
import type { NumbersToNames } from './names.js'
import { maskOfPrefix } from './numbers.js'

/** ipvsadm's buffer for an endpoint holds this many characters. */
const endpointLength = 59

/** `address:port`, IPv6 in brackets, with names where there are some. */
export function endpointText(
  address: string,
  port: number,
  protocol: string | undefined,
  names: NumbersToNames,
): string {
  const host = names.host(address) ?? address
  const service = names.service(port, protocol) ?? String(port)
  return `${address.includes(':') ? `[${host}]` : host}:${service}`.slice(0, endpointLength)
}

export function protocolOf(service: ServiceState): string | undefined {
  return 'protocol' in service ? service.protocol : undefined
}

/** The mask of a persistent service as it is written, where it is narrower than one client. */
export function maskText(service: ServiceState): string | undefined {
  if (service.persistence === undefined) return undefined
  const { prefixLength: length, netmask } = service.persistence
  if (netmask !== undefined) return netmask
  if (familyOf(service) === 'inet') return length === 32 ? undefined : maskOfPrefix(length)
  return length === 128 ? undefined : String(length)
}

export function familyOf(service: ServiceState): 'inet' | 'inet6' {
  if ('fwmark' in service) return service.family
  return service.address.includes(':') ? 'inet6' : 'inet'
}
