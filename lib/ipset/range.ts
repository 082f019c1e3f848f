/** The range that a bitmap covers. */
import { AF_INET, formatIpv4, parseIpv4, writeAddress } from '../address.js'
import { InvalidArgumentError } from '../errors.js'
import type { NativeSetHeader, NativeSetType } from '../native-sets.js'
import type { SetOptions } from './types.js'
import { checkInteger } from './validate.js'

const MAX_VALUES = 65536

/** Reads `'from-to'` or `'address/prefix'` into the request. */
export function parseRange(
  { range, netmask }: Readonly<Partial<Record<keyof SetOptions, unknown>>>,
  type: NativeSetType,
  header: NativeSetHeader,
): void {
  if (type.portRange) parsePortRange(range, header)
  else parseAddressRange(range, netmask, header)
}

function parsePortRange(range: unknown, header: NativeSetHeader): void {
  const ports = typeof range === 'string' ? /^(\d{1,5})-(\d{1,5})$/.exec(range) : null
  const [first, last] = [Number(ports?.[1]), Number(ports?.[2])]
  if (!(first <= last && last <= 65535)) {
    throw new InvalidArgumentError('range', range, `two ports, the lower first: '0-1023'`)
  }
  header.firstPort = first
  header.lastPort = last
}

function parseAddressRange(range: unknown, netmask: unknown, header: NativeSetHeader): void {
  const bounds = typeof range === 'string' ? boundsOf(range) : undefined
  if (bounds === undefined || bounds.first > bounds.last) {
    throw new InvalidArgumentError('range', range, `'10.0.0.0/16' or '10.0.0.1-10.0.0.99', IPv4`)
  }
  const { first, last } = bounds
  const values = (last - first + 1) / 2 ** (32 - (typeof netmask === 'number' ? netmask : 32))
  if (values > MAX_VALUES) {
    throw new InvalidArgumentError(
      'range',
      range,
      `at most ${MAX_VALUES} addresses, or networks of the netmask`,
    )
  }
  header.firstAddress = addressBytes(first)
  header.lastAddress = addressBytes(last)
}

function boundsOf(range: string): { first: number; last: number } | undefined {
  const [from = '', to] = range.split('-')
  if (to !== undefined) {
    const [first, last] = [parseIpv4(from), parseIpv4(to)]
    return first < 0 || last < 0 ? undefined : { first, last }
  }
  const [address = '', prefix = ''] = range.split('/')
  const base = parseIpv4(address)
  if (base < 0 || !/^\d{1,2}$/.test(prefix)) return undefined
  const size = 2 ** (32 - checkInteger(Number(prefix), 'range', 1, 32))
  const first = Math.floor(base / size) * size
  return { first, last: first + size - 1 }
}

function addressBytes(address: number): Uint8Array {
  const bytes = new Uint8Array(4)
  if (writeAddress(formatIpv4(address), bytes, 0) !== AF_INET) throw new RangeError('not an IPv4 address')
  return bytes
}
