/** The elements that the suite works with, each computed from its number, in the forms of all drivers. */
import { formatIpv4 } from '../../lib/address.js'
import { InvalidArgumentError, type Entry, type EntryColumns, type SetTypeName } from '../../lib/index.js'

/** A stretch of elements: those from `first` on. bench/limit/ipset.c makes the same ones. */
export interface Stretch {
  readonly first: number
  readonly count: number
}

/** What the suite knows of a set type. */
export interface ElementKind {
  readonly type: SetTypeName
  /** As `ipset save` writes it. */
  text(index: number): string
  object(index: number): Entry
  columns(stretch: Stretch): EntryColumns
  /** The type of an equal set of nft, and an element of it. */
  readonly nftType: string
  nft(index: number): string
}

const BASE = 0x0a000000
const PORT = 8080
const NET_PREFIX = 28

const address = (index: number) => BASE + index
// Four ports an address.
const sharedAddress = (index: number) => BASE + (index >>> 2)
const sharedPort = (index: number) => 8000 + (index & 3)
const netAddress = (index: number) => BASE + index * 16

function addressColumn({ first, count }: Stretch, of: (index: number) => number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => of(first + index))
}

const kinds: readonly ElementKind[] = [
  {
    type: 'hash:ip',
    text: (index) => formatIpv4(address(index)),
    object: (index) => ({ address: formatIpv4(address(index)) }),
    columns: (stretch) => ({ addresses: addressColumn(stretch, address) }),
    nftType: 'type ipv4_addr;',
    nft: (index) => formatIpv4(address(index)),
  },
  {
    type: 'hash:ip,port',
    text: (index) => `${formatIpv4(sharedAddress(index))},tcp:${sharedPort(index)}`,
    object: (index) => ({
      address: formatIpv4(sharedAddress(index)),
      protocol: 'tcp',
      port: sharedPort(index),
    }),
    columns: (stretch) => ({
      addresses: addressColumn(stretch, sharedAddress),
      protocols: 'tcp',
      ports: Uint16Array.from({ length: stretch.count }, (_, index) => sharedPort(stretch.first + index)),
    }),
    nftType: 'type ipv4_addr . inet_proto . inet_service;',
    nft: (index) => `${formatIpv4(sharedAddress(index))} . tcp . ${sharedPort(index)}`,
  },
  {
    type: 'hash:net',
    text: (index) => `${formatIpv4(netAddress(index))}/${NET_PREFIX}`,
    object: (index) => ({ address: formatIpv4(netAddress(index)), prefixLength: NET_PREFIX }),
    columns: (stretch) => ({ addresses: addressColumn(stretch, netAddress), prefixLengths: NET_PREFIX }),
    nftType: 'type ipv4_addr; flags interval;',
    nft: (index) => `${formatIpv4(netAddress(index))}/${NET_PREFIX}`,
  },
  {
    type: 'hash:ip,port,ip',
    text: (index) => `${formatIpv4(address(index))},tcp:${PORT},${formatIpv4(address(index))}`,
    object: (index) => ({
      address: formatIpv4(address(index)),
      protocol: 'tcp',
      port: PORT,
      address2: formatIpv4(address(index)),
    }),
    columns: (stretch) => ({
      addresses: addressColumn(stretch, address),
      protocols: 'tcp',
      ports: PORT,
      addresses2: addressColumn(stretch, address),
    }),
    nftType: 'type ipv4_addr . inet_proto . inet_service . ipv4_addr;',
    nft: (index) => `${formatIpv4(address(index))} . tcp . ${PORT} . ${formatIpv4(address(index))}`,
  },
]

export const DEFAULT_TYPE = 'hash:ip,port'
export const TYPES = kinds.map(({ type }) => type)

export function kindOf(type = DEFAULT_TYPE): ElementKind {
  const kind = kinds.find((one) => one.type === type)
  if (kind !== undefined) return kind
  throw new InvalidArgumentError('type', type, `all, or one of ${TYPES.join(', ')}`)
}

/** Beyond it, networks would reach the loopback's addresses. */
const MOST_ELEMENTS = 100_000_000

export function parseCount(size: string): number {
  const count = /^[1-9]\d*$/.test(size) ? Number(size) : NaN
  if (count <= MOST_ELEMENTS) return count
  throw new InvalidArgumentError('size', size, `a number of elements, 1–${MOST_ELEMENTS}`)
}

export function listOf<T>({ first, count }: Stretch, of: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => of(first + index))
}
