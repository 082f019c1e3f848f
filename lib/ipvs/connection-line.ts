import { canonicalAddress, formatIpv4 } from '../address.js'
import type { Connection } from './types.js'

/**
 * A line of /proc/net/ip_vs_conn or ip_vs_conn_sync: protocol; address and port of client, service and server, in
 * hexadecimal but for IPv6; state; in the sync table the origin; seconds left; else perhaps a persistence engine and
 * its data. Undefined for the title and for what is no such line.
 */
export function parseConnection(line: string, withOrigin: boolean): Connection | undefined {
  const words = line.split(/\s+/).filter((word) => word !== '')
  const [protocol, ...endpoints] = words.splice(0, 7)
  const [client, virtual, server] = [0, 2, 4].map((index) => endpoint(endpoints[index], endpoints[index + 1]))
  const state = words.shift()
  const origin = withOrigin ? words.shift() : undefined
  const [expires = '', name, data] = words
  if (!protocol || !client || !virtual || !server || !state || !/^[0-9]+$/.test(expires)) return undefined
  return {
    protocol: protocol.toLowerCase(),
    client,
    virtual,
    server,
    state,
    expiresSeconds: Number(expires),
    ...(origin !== undefined && { origin: origin === 'SYNC' ? 'sync' : 'local' }),
    ...(name !== undefined && data !== undefined && { persistenceEngine: { name, data } }),
  }
}

function endpoint(address = '', port = ''): Connection['client'] | undefined {
  if (!/^[0-9A-Fa-f]{4}$/.test(port)) return undefined
  if (/^[0-9A-Fa-f]{8}$/.test(address)) {
    return { address: formatIpv4(Number.parseInt(address, 16)), port: Number.parseInt(port, 16) }
  }
  if (!address.includes(':')) return undefined
  return { address: canonicalAddress(address), port: Number.parseInt(port, 16) }
}
