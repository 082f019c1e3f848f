/** IP addresses and prefixes as the director compares them: one text for one address, the one the kernel's tools print. */
import { isIP } from 'node:net'
import { AF_INET, AF_INET6, canonicalAddress as rewrite, readAddress, writeAddress } from '../../address.js'
import type { Family } from '../../ipvs/types.js'

/** The canonical text of an address, or `undefined`. A v4-mapped IPv6 address is the IPv4 address it carries. */
export function canonicalAddress(text: string): string | undefined {
  // Almost every address of a large cluster takes this way out: dotted quads have one spelling.
  if (isDottedQuad(text)) return text
  if (isIP(text) !== 6 || text.includes('%')) return undefined
  const address = rewrite(text)
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}

const zero = '0'.charCodeAt(0)
const dot = '.'.charCodeAt(0)

/** As net.isIPv4(), which costs several times as much. No leading zeros: some read those as octal numbers. */
function isDottedQuad(text: string): boolean {
  let value = 0
  let digits = 0
  let dots = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === dot) {
      if (digits === 0) return false
      dots += 1
      digits = 0
      value = 0
      continue
    }
    const digit = code - zero
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return false
    value = value * 10 + digit
    digits += 1
    if (value > 255) return false
  }
  return dots === 3 && digits > 0
}

/** Of a canonical address or prefix. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'inet6' : 'inet'
}

/** A parsed prefix. `text` has its host bits cleared, as the kernel stores it. */
export interface Prefix {
  readonly family: Family
  readonly text: string
  readonly length: number
  readonly bytes: Uint8Array
}

/** `undefined` for anything that is not ADDRESS/LENGTH. */
export function parsePrefix(text: string): Prefix | undefined {
  const [host = '', lengthText = '', ...rest] = text.trim().split('/')
  const address = canonicalAddress(host)
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(lengthText)) return undefined
  const family = familyOf(address)
  const length = Number(lengthText)
  const bytes = addressBytes(address)
  if (length > bytes.length * 8) return undefined
  bytes.forEach((byte, index) => (bytes[index] = byte & maskByte(length - index * 8)))
  return {
    family,
    length,
    bytes,
    text: `${readAddress(family === 'inet' ? AF_INET : AF_INET6, bytes, 0)}/${length}`,
  }
}

/** Whether a canonical address lies in the prefix. */
export function prefixHolds(prefix: Prefix, address: string): boolean {
  if (familyOf(address) !== prefix.family) return false
  const bytes = addressBytes(address)
  return prefix.bytes.every(
    (byte, index) => ((bytes[index] ?? 0) & maskByte(prefix.length - index * 8)) === byte,
  )
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** fe80::/10 */
export function isIpv6LinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address)
}

function maskByte(bits: number): number {
  if (bits >= 8) return 0xff
  return bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff
}

function addressBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(familyOf(address) === 'inet' ? 4 : 16)
  writeAddress(address, bytes, 0)
  return bytes
}
