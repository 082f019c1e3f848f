/** What link names and addresses may look like. Each check throws an error that names field, value and range. */
import { AF_INET, AF_INET6, writeAddress, type AddressFamily } from '../address.js'
import { checkInteger } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import type { AddressOptions } from './types.js'

const MOST_NAME_BYTES = 15

/** As dev_valid_name() has it; and no `%`, which the kernel takes for a pattern to number links by. */
export function checkLinkName(name: unknown, field: string): string {
  const valid =
    typeof name === 'string' &&
    /^[^/:%\s\0]+$/.test(name) &&
    name !== '.' &&
    name !== '..' &&
    Buffer.byteLength(name) <= MOST_NAME_BYTES
  if (!valid) {
    throw new InvalidArgumentError(
      field,
      name,
      `a link name: 1 to 15 bytes without '/', ':', '%' or white space`,
    )
  }
  return name
}

const scratch = new Uint8Array(16)

/** Takes `address/prefix` apart; the default prefix is the address alone. */
export function parseAddress(text: string, field: string): AddressOptions & { prefixLength: number } {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const prefix = slash < 0 ? undefined : text.slice(slash + 1)
  const family = writeAddress(address, scratch, 0)
  const wellFormed = family !== 0 && (prefix === undefined || /^\d{1,3}$/.test(prefix))
  if (!wellFormed) {
    throw new InvalidArgumentError(field, text, 'an IPv4 or IPv6 address, or address/prefix-length')
  }
  const prefixLength = prefix === undefined ? widest(family) : Number(prefix)
  return { address, prefixLength: checkInteger(prefixLength, `${field} prefix length`, 0, widest(family)) }
}

/** The whole address's length in bits. */
export function widest(family: AddressFamily): number {
  return family === AF_INET6 ? 128 : 32
}

/** Writes an address of the given family (of either, where none is given), or throws. */
export function writeChecked(
  text: unknown,
  field: string,
  bytes: Uint8Array,
  offset: number,
  wanted?: AddressFamily,
): AddressFamily {
  const family = typeof text === 'string' ? writeAddress(text, bytes, offset) : 0
  if (family === 0 || (wanted !== undefined && family !== wanted)) {
    throw new InvalidArgumentError(field, text, `an ${familyName(wanted)} address`)
  }
  return family
}

function familyName(family: AddressFamily | undefined): string {
  if (family === undefined) return 'IPv4 or IPv6'
  return family === AF_INET ? 'IPv4' : 'IPv6'
}
