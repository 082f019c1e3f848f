/** Checks of arguments: each returns the value for the wire, or throws an error that names field and range. */
import { AF_INET, writeAddress, type AddressFamily } from '../address.js'
import { checkInteger, checkKeys } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import type { MarkFilter } from './filter-types.js'

const U32 = 0xffffffff

export function checkPort(value: unknown, field: string): number {
  return checkInteger(value, field, 0, 65535)
}

export function checkZone(value: unknown, field: string): number {
  return checkInteger(value, field, 0, 65535)
}

/** A mark to be matched: one with bits outside its mask would match none. */
export function checkMarkFilter(mark: unknown, field: string): Required<MarkFilter> {
  const checked = checkMark(mark, field)
  if ((checked.value & ~checked.mask) !== 0) {
    throw new InvalidArgumentError(`${field}.value`, checked.value, 'no bits but those of the mask')
  }
  return checked
}

/** A number, or a value under a mask. */
export function checkMark(mark: unknown, field: string): Required<MarkFilter> {
  if (typeof mark === 'number') return { value: checkInteger(mark, field, 0, U32), mask: U32 }
  checkKeys(mark, field, ['value', 'mask'])
  const { value, mask = U32 } = mark as MarkFilter
  return {
    value: checkInteger(value, `${field}.value`, 0, U32),
    mask: checkInteger(mask, `${field}.mask`, 0, U32),
  }
}

/** Writes an address; IPv4 leaves the rest of the 16 bytes alone. */
export function putAddress(text: unknown, field: string, bytes: Uint8Array, offset: number): AddressFamily {
  const family = typeof text === 'string' ? writeAddress(text, bytes, offset) : 0
  if (family === 0) throw new InvalidArgumentError(field, text, 'an IPv4 or IPv6 address')
  return family
}

/** Writes the address of `'10.0.0.0/8'` or `'10.1.2.3'`, and returns its prefix length. */
export function putNetwork(
  text: unknown,
  field: string,
  bytes: Uint8Array,
  offset: number,
): { family: AddressFamily; length: number } {
  const allowed = 'an address, or a network such as 10.0.0.0/8 or fd00::/8'
  if (typeof text !== 'string') throw new InvalidArgumentError(field, text, allowed)
  const slash = text.indexOf('/')
  const family = writeAddress(slash < 0 ? text : text.slice(0, slash), bytes, offset)
  if (family === 0) throw new InvalidArgumentError(field, text, allowed)
  const bits = family === AF_INET ? 32 : 128
  if (slash < 0) return { family, length: bits }
  const length = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) throw new InvalidArgumentError(field, text, allowed)
  return { family, length: Number(length) }
}
