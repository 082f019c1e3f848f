/**
 * Which clients share an affinity. In the kernel: an IPv4 mask, of any bits, or an IPv6 prefix length. In the API: a
 * prefix length, and a mask in text where the bits of one have a hole.
 */
import { AF_INET, formatIpv4, parseIpv4, type AddressFamily } from '../address.js'
import { checkInteger } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import type { Persistence } from './types.js'

/** As the row has it: one address where nothing else is asked for, since the kernel wants a mask also without -p. */
export function netmaskOf(family: AddressFamily, persistence: Persistence | undefined): number {
  const length = persistence?.prefixLength
  if (family !== AF_INET) {
    if (persistence?.netmask !== undefined) throw refusedMask(persistence.netmask, 'absent for IPv6')
    return length === undefined ? 128 : checkInteger(length, 'service.persistence.prefixLength', 1, 128)
  }
  if (persistence?.netmask !== undefined) return maskFromText(persistence.netmask, length)
  if (length === undefined) return 0xffffffff
  return maskOfLength(checkInteger(length, 'service.persistence.prefixLength', 0, 32))
}

/** `netmask` stands only where the length does not say it all. */
export function readNetmask(family: number, netmask: number): { prefixLength: number; netmask?: string } {
  if (family !== AF_INET) return { prefixLength: netmask }
  const prefixLength = bitsIn(netmask)
  if (netmask === maskOfLength(prefixLength)) return { prefixLength }
  return { prefixLength, netmask: formatIpv4(netmask) }
}

function maskFromText(text: unknown, length: number | undefined): number {
  const mask = typeof text === 'string' ? parseIpv4(text) : -1
  if (mask < 0) throw refusedMask(text, 'a dotted IPv4 mask')
  if (length !== undefined && length !== bitsIn(mask)) {
    throw refusedMask(text, `a mask of as many bits as prefixLength says (${length}), or no prefixLength`)
  }
  return mask
}

function refusedMask(value: unknown, allowed: string): InvalidArgumentError {
  return new InvalidArgumentError('service.persistence.netmask', value, allowed)
}

function maskOfLength(length: number): number {
  return length === 0 ? 0 : (~0 << (32 - length)) >>> 0
}

function bitsIn(mask: number): number {
  let bits = 0
  for (let left = mask; left !== 0; left &= left - 1) bits++
  return bits
}
