/** A topology as data: namespaces, what is in them, and the wires between them. */
import { isIP } from 'node:net'
import { InvalidArgumentError } from '../../errors.js'

export interface TopologySpec {
  /** By name: 1 to 20 letters, digits, `-` and `_`. */
  readonly namespaces: Readonly<Record<string, NamespaceSpec>>
  /** veth pairs, each end written `namespace:link`. */
  readonly wires?: readonly (readonly [string, string])[]
}

export interface NamespaceSpec {
  /** Bridges by name, with the links that are their ports. */
  readonly bridges?: Readonly<Record<string, readonly string[]>>
  /** Names of dummy links. */
  readonly dummies?: readonly string[]
  /** Addresses with prefix length by link, such as `{ eth0: ['10.1.0.2/24', 'fd01::2/64'] }`. `lo` exists always. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  readonly routes?: readonly RouteSpec[]
  /**
   * Sysctls of the namespace (`net.…`), such as `{ 'net.ipv4.ip_forward': 1 }`. Set before links come up. Forwarding,
   * `arp_ignore`, `arp_announce` and `rp_filter` of IPv4 are 0 otherwise, whatever this machine has set.
   */
  readonly sysctls?: Readonly<Record<string, string | number>>
  /** Servers that run in the namespace from the start. */
  readonly backends?: readonly BackendSpec[]
}

export interface RouteSpec {
  /** `'default'` (IPv6 if `via` is, otherwise IPv4) or an address with prefix length. */
  readonly to: string
  readonly via?: string
  readonly link?: string
}

/**
 * A server that says who answered: `http` answers each GET, `tcp` and `udp` each piece of data, with the JSON of a
 * {@link BackendAnswer}.
 */
export interface BackendSpec {
  readonly protocol: 'http' | 'tcp' | 'udp'
  readonly port: number
  /** Where it listens. Default: every address of the namespace. */
  readonly address?: string
  /** What it calls itself. Default: the namespace's name. */
  readonly name?: string
}

export interface BackendAnswer {
  /** Name of the backend. */
  readonly server: string
  /** Address and port of the peer as the backend saw them: the client's, or the director's after source NAT. */
  readonly client: string
  readonly clientPort: number
  /** Address and port at which the backend was reached (undefined for `udp`). */
  readonly address?: string
  readonly port: number
  /** The path asked for (`http`), or the text received. */
  readonly echo: string
}

export function checkedName(field: string, name: string): string {
  return matching(field, name, /^[\w-]{1,20}$/, 'a name of 1 to 20 letters, digits, "-" and "_"')
}

export function checkedLink(field: string, name: string): string {
  return matching(field, name, /^[\w.-]{1,15}$/, 'a link name of 1 to 15 letters, digits, ".", "-" and "_"')
}

export function checkSysctl(field: string, name: string, value: string | number): void {
  matching(field, name, /^net(\.[\w/-]+)+$/, 'a sysctl of the network namespace ("net.…")')
  matching(`${field}[${name}]`, String(value), /^[^\n]*$/, 'a value on one line')
}

/** An address with prefix length, as `ip address add` takes it. */
export function checkedPrefix(field: string, text: string): string {
  const [address = '', length = ''] = text.split('/')
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  if (version === 0 || !/^\d+$/.test(length) || Number(length) > most) {
    throw new InvalidArgumentError(field, text, "an address with prefix length, such as '10.1.0.2/24'")
  }
  return text
}

export function checkedAddress(field: string, text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError(field, text, 'an IPv4 or IPv6 address')
  return text
}

export function checkedPort(field: string, port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new InvalidArgumentError(field, port, 'a port from 1 to 65535')
  }
  return port
}

/** `namespace:link`, one end of a wire. */
export function wireEnd(
  field: string,
  text: string,
  spec: TopologySpec,
): { namespace: string; link: string } {
  const [namespace = '', link = ''] = text.split(':')
  if (!Object.hasOwn(spec.namespaces, namespace)) {
    throw new InvalidArgumentError(field, text, "'namespace:link', with a namespace of this topology")
  }
  return { namespace, link: checkedLink(field, link) }
}

function matching(field: string, text: string, pattern: RegExp, allowed: string): string {
  if (typeof text !== 'string' || !pattern.test(text)) throw new InvalidArgumentError(field, text, allowed)
  return text
}
