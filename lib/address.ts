/**
 * IP addresses between text and network-order bytes. IPv4 is parsed here, since it stands in the hot path of every
 * batch; IPv6 is left to ipaddr.js.
 */
import ipaddr from 'ipaddr.js'

import { InvalidArgumentError } from './errors.js'

export const AF_INET = 2
export const AF_INET6 = 10
export type AddressFamily = typeof AF_INET | typeof AF_INET6

const DOT = 46
const ZERO = 48

/** Dotted quad without leading zeros → a number in host order; -1 when the text is something else. */
export function parseIpv4(text: string): number {
  let address = 0
  let octet = -1
  let dots = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1
      address = address * 256 + octet
      octet = -1
    } else {
      const digit = code - ZERO
      if (digit < 0 || digit > 9 || octet === 0) return -1
      octet = (octet < 0 ? 0 : octet * 10) + digit
      if (octet > 255) return -1
    }
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : -1
}

/**
 * Writes an address at `offset`: 4 bytes of IPv4 (the 12 behind are left alone) or 16 of IPv6.
 * Returns its family, or 0 when the text is no address. Zones (`fe80::1%eth0`) are no address here.
 */
export function writeAddress(text: string, bytes: Uint8Array, offset: number): AddressFamily | 0 {
  const ipv4 = parseIpv4(text)
  if (ipv4 >= 0) {
    writeIpv4(ipv4, bytes, offset)
    return AF_INET
  }
  const hexadecimal = withoutDottedTail(text)
  if (!hexadecimal.includes(':') || hexadecimal.includes('%') || !ipaddr.IPv6.isValid(hexadecimal)) return 0
  bytes.set(ipaddr.IPv6.parse(hexadecimal).toByteArray(), offset)
  return AF_INET6
}

function writeIpv4(address: number, bytes: Uint8Array, offset: number): void {
  bytes[offset] = address >>> 24
  bytes[offset + 1] = address >>> 16
  bytes[offset + 2] = address >>> 8
  bytes[offset + 3] = address
}

/** Writes one address of a column: IPv4 as a number each, in host order, or 16 bytes of IPv6 each. */
export function writeColumnAddress(
  addresses: Uint32Array | Uint8Array,
  index: number,
  bytes: Uint8Array,
  offset: number,
): void {
  if (addresses instanceof Uint32Array) writeIpv4(addresses[index] as number, bytes, offset)
  else bytes.set(addresses.subarray(index * 16, index * 16 + 16), offset)
}

// `::1.2.3.4` → `::102:304`: ipaddr.js takes every dotted tail for an IPv4-mapped address.
function withoutDottedTail(text: string): string {
  const tail = text.lastIndexOf(':') + 1
  if (tail === 0 || !text.includes('.', tail)) return text
  const ipv4 = parseIpv4(text.slice(tail))
  if (ipv4 < 0) return ''
  return `${text.slice(0, tail)}${(ipv4 >>> 16).toString(16)}:${(ipv4 & 0xffff).toString(16)}`
}

/** The address at `offset` in the form that inet_ntop(3) gives it. */
export function readAddress(family: number, bytes: Uint8Array, offset: number): string {
  if (family === AF_INET) {
    return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`
  }
  const words = Array.from(
    { length: 8 },
    (_, i) => ((bytes[offset + 2 * i] ?? 0) << 8) | (bytes[offset + 2 * i + 1] ?? 0),
  )
  const dotted = () => readAddress(AF_INET, bytes, offset + 12)
  // inet_ntop(3) shows the tail of IPv4-compatible and IPv4-mapped addresses dotted.
  if (words.slice(0, 5).every((word) => word === 0)) {
    if (words[5] === 0xffff) return `::ffff:${dotted()}`
    if (words[5] === 0 && words[6] !== 0) return `::${dotted()}`
  }
  return new ipaddr.IPv6(words).toRFC5952String()
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

export function familyOf(text: string): AddressFamily | 0 {
  return writeAddress(text, scratch, 0)
}
const scratch = new Uint8Array(16)

/** The same address always in the same words: for keys of maps. Throws for what is no address. */
export function canonicalAddress(text: string, field = 'address'): string {
  if (typeof text !== 'string') throw new InvalidArgumentError(field, text, 'an IPv4 or IPv6 address')
  const bytes = new Uint8Array(16)
  const family = writeAddress(text, bytes, 0)
  if (family === 0) throw new InvalidArgumentError(field, text, 'an IPv4 or IPv6 address')
  return readAddress(family, bytes, 0)
}

/** An address and a port as ipvsadm prints them: IPv6 in brackets. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
