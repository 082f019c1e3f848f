/** The ranges of IPVS: each check returns the number for the wire, or throws an error that names field and range. */
import { AF_INET, type AddressFamily } from '../address.js'
import { InvalidArgumentError } from '../errors.js'
import type { IpvsCalls } from '../native.js'
import type { SchedulerFlag } from './types.js'

export const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 }

/** Ticks of up to 1000 Hz, counted in 32 bits. */
export const MOST_PERSISTENCE_SECONDS = 4294967

// Names are few, and come with every service: each is looked at once.
const printableNames = new Set<unknown>()

function isPrintable(name: unknown): name is string {
  if (printableNames.has(name)) return true
  if (typeof name !== 'string' || !/^[!-~]+$/.test(name)) return false
  if (printableNames.size < 1024) printableNames.add(name)
  return true
}

/** A name as the kernel keeps it in a fixed field: printable, no white space, `most` bytes. */
export function checkKernelName(name: unknown, field: string, most: number): string {
  if (!isPrintable(name) || name.length > most) {
    throw new InvalidArgumentError(field, name, `a name of 1 to ${most} printable ASCII characters`)
  }
  return name
}

/** Names of the API and their numbers for the wire, made once from the addon's constants. */
export interface Vocabulary {
  readonly forwarding: Readonly<Record<string, number>>
  readonly tunnelType: Readonly<Record<string, number>>
  readonly tunnelChecksum: Readonly<Record<string, number>>
  readonly schedulerFlag: Readonly<Record<string, number>>
}

export function vocabulary(constants: IpvsCalls['constants']): Vocabulary {
  const { masquerade, direct, tunnel, ipip, gue, gre, noChecksum, checksum, remoteChecksum } = constants
  const { schedulerFlag1, schedulerFlag2, schedulerFlag3 } = constants
  return {
    forwarding: { masquerade, direct, tunnel },
    tunnelType: { ipip, gue, gre },
    tunnelChecksum: { none: noChecksum, checksum, 'remote-checksum': remoteChecksum },
    schedulerFlag: {
      'sh-fallback': schedulerFlag1,
      'mh-fallback': schedulerFlag1,
      'flag-1': schedulerFlag1,
      'sh-port': schedulerFlag2,
      'mh-port': schedulerFlag2,
      'flag-2': schedulerFlag2,
      'flag-3': schedulerFlag3,
    },
  }
}

export function schedulerFlagBits(
  flags: readonly SchedulerFlag[] | undefined,
  numbers: Vocabulary['schedulerFlag'],
): number {
  if (flags === undefined) return 0
  const given: unknown = flags
  if (!Array.isArray(given))
    throw new InvalidArgumentError('service.schedulerFlags', flags, 'an array of names')
  return flags.reduce((all, flag, index) => all | pick(numbers, flag, `service.schedulerFlags[${index}]`), 0)
}

/** Whether the kernel may take this for a server (ip_vs_new_dest: unicast; the unspecified address is none). */
export function addressAllowed(family: AddressFamily, bytes: Uint8Array, offset: number): boolean {
  const first = bytes[offset] ?? 0
  if (family === AF_INET) return ipv4Allowed(first)
  if (first === 0xff) return false
  for (let index = 0; index < 16; index++) if (bytes[offset + index] !== 0) return true
  return false
}

/** By its first byte: neither 0.0.0.0/8 nor multicast and above. */
export function ipv4Allowed(first: number): boolean {
  return first !== 0 && first < 224
}

/** The number of a name; throws an error that lists the names. */
export function pick(numbers: Readonly<Record<string, number>>, name: unknown, field: string): number {
  const number = typeof name === 'string' && Object.hasOwn(numbers, name) ? numbers[name] : undefined
  if (number !== undefined) return number
  const names = Object.keys(numbers).map((key) => `'${key}'`)
  throw new InvalidArgumentError(field, name, `one of ${names.join(', ')}`)
}
