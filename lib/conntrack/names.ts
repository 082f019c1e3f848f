/** Names for the kernel's numbers; the position in a list is the number, or the bit. */
import { InvalidArgumentError } from '../errors.js'
import type { DccpState, ExpectationFlag, FlowProtocol, FlowStatus, SctpState, TcpState } from './types.js'

const PROTOCOL_NUMBERS: Readonly<Record<FlowProtocol, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
}
const PROTOCOL_NAMES: readonly (FlowProtocol | undefined)[] = byNumber(PROTOCOL_NUMBERS)

export const ICMP = PROTOCOL_NUMBERS.icmp
export const ICMPV6 = PROTOCOL_NUMBERS.icmpv6
const WITH_PORTS = new Set(
  (['tcp', 'udp', 'dccp', 'gre', 'sctp', 'udplite'] as const).map((name) => PROTOCOL_NUMBERS[name]),
)

/** linux/netfilter/nf_conntrack_common.h, enum ip_conntrack_status */
export const STATUS_BITS: readonly FlowStatus[] = [
  'expected',
  'seen-reply',
  'assured',
  'confirmed',
  'src-nat',
  'dst-nat',
  'seq-adjust',
  'src-nat-done',
  'dst-nat-done',
  'dying',
  'fixed-timeout',
  'template',
  'untracked',
  'helper',
  'offload',
  'hw-offload',
]

/** linux/netfilter/nf_conntrack_tcp.h */
export const TCP_STATES: readonly TcpState[] = [
  'none',
  'syn-sent',
  'syn-recv',
  'established',
  'fin-wait',
  'close-wait',
  'last-ack',
  'time-wait',
  'close',
  'syn-sent2',
]

/** linux/netfilter/nf_conntrack_sctp.h */
export const SCTP_STATES: readonly SctpState[] = [
  'none',
  'closed',
  'cookie-wait',
  'cookie-echoed',
  'established',
  'shutdown-sent',
  'shutdown-recd',
  'shutdown-ack-sent',
  'heartbeat-sent',
  'heartbeat-acked',
]

/** linux/netfilter/nf_conntrack_dccp.h */
export const DCCP_STATES: readonly DccpState[] = [
  'none',
  'request',
  'respond',
  'partopen',
  'open',
  'closereq',
  'closing',
  'timewait',
  'ignore',
  'invalid',
]

/** linux/netfilter/nf_conntrack_common.h, NF_CT_EXPECT_* */
export const EXPECTATION_FLAGS: readonly ExpectationFlag[] = ['permanent', 'inactive', 'userspace']

export function protocolName(number: number): FlowProtocol | number {
  return PROTOCOL_NAMES[number] ?? number
}

export function protocolNumber(protocol: unknown, field: string): number {
  if (typeof protocol === 'string' && Object.hasOwn(PROTOCOL_NUMBERS, protocol)) {
    return PROTOCOL_NUMBERS[protocol as FlowProtocol]
  }
  if (typeof protocol === 'number' && Number.isInteger(protocol) && protocol >= 0 && protocol <= 255)
    return protocol
  const names = Object.keys(PROTOCOL_NUMBERS).join(', ')
  throw new InvalidArgumentError(field, protocol, `one of ${names}, or a number from 0 to 255`)
}

export function hasPorts(protocol: number): boolean {
  return WITH_PORTS.has(protocol)
}

export function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6
}

const statusLists = new Map<number, readonly FlowStatus[]>()

/** The names of the bits that are set. Few combinations exist, so each list is made once and shared. */
export function statusNames(bits: number): readonly FlowStatus[] {
  let names = statusLists.get(bits)
  if (names === undefined) {
    names = Object.freeze(STATUS_BITS.filter((_, bit) => (bits >>> bit) & 1))
    if (statusLists.size < 256) statusLists.set(bits, names)
  }
  return names
}

/** The bits for a list of names. */
export function bitsOf(names: readonly string[], all: readonly string[], field: string): number {
  if (!Array.isArray(names)) throw new InvalidArgumentError(field, names, `a list of ${all.join(', ')}`)
  return names.reduce((bits, name, index) => bits | (1 << position(name, all, `${field}[${index}]`)), 0) >>> 0
}

/** The number of a name in its list. */
export function position(name: unknown, all: readonly string[], field: string): number {
  const found = all.indexOf(name as string)
  if (found < 0) throw new InvalidArgumentError(field, name, `one of ${all.join(', ')}`)
  return found
}

function byNumber(numbers: Readonly<Record<FlowProtocol, number>>): (FlowProtocol | undefined)[] {
  const names: (FlowProtocol | undefined)[] = []
  for (const [name, number] of Object.entries(numbers)) names[number] = name as FlowProtocol
  return names
}
