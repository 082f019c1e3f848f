import type { Family, Protocol } from '../types.js'
import type { NamesToNumbers } from './names.js'
import { looseIPv4, strictIPv6, wholeNumber } from './numbers.js'

export interface Endpoint {
  readonly family: Family
  readonly address: string
  /** Absent where none was written. */
  readonly port?: number
}

/**
 * `host`, `host:port`, `[IPv6]:port` or a bare IPv6 address, as -t, -u, -r and --sctp-service take it.
 * Undefined when it is none of them.
 */
export function parseEndpoint(
  text: string,
  protocol: Protocol | undefined,
  names: NamesToNumbers,
): Endpoint | undefined {
  if (/^[0-9]*$/.test(text)) return undefined
  const { host, portText } = text.startsWith('[') ? bracketed(text) : { host: text, portText: undefined }
  if (host === undefined) return undefined
  const ipv6 = strictIPv6(host)
  return ipv6 === undefined
    ? parseIPv4(host, protocol, names)
    : withPort({ family: 'inet6', address: ipv6 }, portText, protocol, names)
}

/** Brackets need a port after them. */
function bracketed(text: string): { host: string | undefined; portText: string | undefined } {
  const [, host, portText] = /^\[([^\]]*)\]:(.*)$/s.exec(text) ?? []
  return { host, portText }
}

/** What stood in brackets and is no IPv6 address has lost its port by now, as it has with ipvsadm. */
function parseIPv4(
  text: string,
  protocol: Protocol | undefined,
  names: NamesToNumbers,
): Endpoint | undefined {
  const colon = text.lastIndexOf(':')
  const host = colon === -1 ? text : text.slice(0, colon)
  const address = looseIPv4(host) ?? names.address(host)
  if (address === undefined) return undefined
  return withPort(
    { family: 'inet', address },
    colon === -1 ? undefined : text.slice(colon + 1),
    protocol,
    names,
  )
}

function withPort(
  endpoint: Endpoint,
  text: string | undefined,
  protocol: Protocol | undefined,
  names: NamesToNumbers,
): Endpoint | undefined {
  if (text === undefined) return endpoint
  const port = wholeNumber(text, 0, 65535) ?? names.port(text, protocol)
  return port === undefined ? undefined : { ...endpoint, port }
}
