/** Columns of entries: checked for type and length, and handed to C++ as they are. */
import { AF_INET, AF_INET6, formatIpv4, readAddress } from '../address.js'
import { checkKeys } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { formatRead } from './format.js'
import type { Entry, EntryColumns } from './types.js'
import { checkInteger } from './validate.js'

type Numbers = Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/** What native/binding/sets_run.cc reads. An array of one value stands for all rows. */
export interface NativeColumns {
  readonly size: number
  readonly family: number
  readonly address?: Uint8Array
  readonly addressNumber?: Uint32Array
  readonly addressToNumber?: Uint32Array
  readonly prefixLength?: Uint8Array
  readonly address2?: Uint8Array
  readonly address2Number?: Uint32Array
  readonly prefixLength2?: Uint8Array
  readonly protocol?: Uint8Array
  readonly port?: Uint16Array
  readonly portTo?: Uint16Array
  readonly mark?: Uint32Array
  readonly mac?: Uint8Array
  readonly interface: string
  readonly timeout?: Uint32Array
  readonly packets?: BigUint64Array
  readonly bytes?: BigUint64Array
  /** One row in ipset's syntax, for reports. */
  format(index: number): string
}

/** Whether entries came as columns: an object with a typed array in it. */
export function areColumns(entries: unknown): entries is EntryColumns {
  return (
    typeof entries === 'object' &&
    entries !== null &&
    !(Symbol.iterator in entries) &&
    Object.values(entries).some((column) => ArrayBuffer.isView(column))
  )
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  udplite: 136,
  icmp: 1,
  icmpv6: 58,
}

const COLUMNS: readonly (keyof EntryColumns)[] = [
  'addresses',
  'addressesTo',
  'prefixLengths',
  'addresses2',
  'prefixLengths2',
  'protocols',
  'ports',
  'portsTo',
  'marks',
  'macs',
  'interface',
  'timeouts',
  'packets',
  'bytes',
]

export function nativeColumns(columns: EntryColumns): NativeColumns {
  checkKeys(columns, 'columns', COLUMNS)
  const size = sizeOf(columns)
  const checked = {
    size,
    family: columns.addresses instanceof Uint8Array ? AF_INET6 : AF_INET,
    ...addressColumns(columns, size),
    ...numberColumn('prefixLength', 'prefixLengths', columns.prefixLengths, size, Uint8Array, 128),
    ...numberColumn('prefixLength2', 'prefixLengths2', columns.prefixLengths2, size, Uint8Array, 128),
    ...protocolColumn(columns, size),
    ...numberColumn('port', 'ports', columns.ports, size, Uint16Array, 65535),
    ...numberColumn('portTo', 'portsTo', columns.portsTo, size, Uint16Array, 65535),
    ...numberColumn('mark', 'marks', columns.marks, size, Uint32Array, 0xffffffff),
    ...numberColumn('timeout', 'timeouts', columns.timeouts, size, Uint32Array, 2147483),
    ...countColumn('packets', columns, size),
    ...countColumn('bytes', columns, size),
    ...macColumn(columns, size),
    interface: interfaceOf(columns),
  }
  return { ...checked, format: (index) => formatRead(entryAt(checked, index)) }
}

function interfaceOf({ interface: name = '' }: EntryColumns): string {
  if (typeof name === 'string' && Buffer.byteLength(name) <= 15) return name
  throw new InvalidArgumentError('columns.interface', name, 'text of at most 15 bytes')
}

function sizeOf({ addresses, macs, ports }: EntryColumns): number {
  if (addresses !== undefined) return addressesIn(addresses)
  if (macs instanceof Uint8Array && macs.length % 6 === 0) return macs.length / 6
  if (ports instanceof Uint16Array) return ports.length
  throw new InvalidArgumentError(
    'columns',
    Object.keys({ addresses, macs, ports }),
    'a column of addresses, macs or ports',
  )
}

function addressesIn(addresses: NonNullable<EntryColumns['addresses']>): number {
  if (!isShared(addresses)) {
    if (addresses instanceof Uint32Array) return addresses.length
    if (addresses instanceof Uint8Array && addresses.length % 16 === 0) return addresses.length / 16
  }
  throw new InvalidArgumentError(
    'columns.addresses',
    addresses,
    'a Uint32Array of IPv4 addresses, or a Uint8Array of 16 bytes for each IPv6 address, of memory that is not shared',
  )
}

// Another thread could change it between check and use.
function isShared(column: ArrayBufferView): boolean {
  return column.buffer instanceof SharedArrayBuffer
}

function addressColumns({ addresses, addressesTo, addresses2 }: EntryColumns, size: number) {
  if (addressesTo !== undefined) checkArray('addressesTo', addressesTo, size, Uint32Array)
  if (addresses instanceof Uint8Array) {
    if (addresses2 !== undefined) checkArray('addresses2', addresses2, size * 16, Uint8Array)
    return { address: addresses, ...(addresses2 instanceof Uint8Array && { address2: addresses2 }) }
  }
  if (addresses2 !== undefined) checkArray('addresses2', addresses2, size, Uint32Array)
  return {
    ...(addresses && { addressNumber: addresses }),
    ...(addressesTo && { addressToNumber: addressesTo }),
    ...(addresses2 instanceof Uint32Array && { address2Number: addresses2 }),
  }
}

// A protocol belongs to a port, except that of bitmap:port, where there are no addresses.
function protocolColumn({ protocols, ports, addresses }: EntryColumns, size: number) {
  if (ports === undefined || addresses === undefined) {
    if (protocols === undefined) return {}
    throw new InvalidArgumentError('columns.protocols', protocols, 'nothing without addresses and ports')
  }
  if (typeof protocols !== 'string') {
    return numberColumn('protocol', 'protocols', protocols ?? 6, size, Uint8Array, 255)
  }
  const number = Object.hasOwn(PROTOCOLS, protocols) ? PROTOCOLS[protocols] : undefined
  if (number !== undefined) return { protocol: Uint8Array.of(number) }
  const names = Object.keys(PROTOCOLS).join(', ')
  throw new InvalidArgumentError('columns.protocols', protocols, `one of ${names}, or a protocol number`)
}

function macColumn({ macs }: EntryColumns, size: number) {
  if (macs === undefined) return {}
  checkArray('macs', macs, size * 6, Uint8Array)
  return { mac: macs }
}

type ArrayType<T> = { new (size: number): T; of(...values: never[]): T; readonly name: string }

function countColumn<Name extends 'packets' | 'bytes'>(
  name: Name,
  columns: EntryColumns,
  size: number,
): { [key in Name]?: BigUint64Array } {
  const column = columns[name]
  if (column === undefined) return {}
  checkArray(name, column, size, BigUint64Array)
  return { [name]: column } as { [key in Name]?: BigUint64Array }
}

/** `name` is how C++ knows the column, `given` how the caller does. */
function numberColumn<Name extends string, T extends Exclude<Numbers, BigUint64Array>>(
  name: Name,
  given: keyof EntryColumns,
  column: T | number | undefined,
  size: number,
  type: ArrayType<T>,
  maximum: number,
): { [key in Name]?: T } {
  if (column === undefined) return {}
  if (typeof column !== 'number') {
    checkArray(given, column, size, type)
    return { [name]: column } as { [key in Name]?: T }
  }
  const one = new type(1)
  one[0] = checkInteger(column, `columns.${given}`, 0, maximum)
  return { [name]: one } as { [key in Name]?: T }
}

function checkArray(
  name: string,
  column: unknown,
  length: number,
  type: { new (size: number): unknown; readonly name: string },
): void {
  if (column instanceof type && (column as Numbers).length === length && !isShared(column as Numbers)) return
  throw new InvalidArgumentError(
    `columns.${name}`,
    column,
    `a ${type.name} of length ${length}, of memory that is not shared`,
  )
}

function entryAt(columns: Omit<NativeColumns, 'format'>, index: number): Entry {
  const at = (column: Numbers | undefined) => column && Number(column[column.length === 1 ? 0 : index])
  const address = (numbers: Uint32Array | undefined, bytes: Uint8Array | undefined) =>
    numbers ? formatIpv4(numbers[index] ?? 0) : bytes && readAddress(AF_INET6, bytes, index * 16)
  const { mac } = columns
  const fields: Record<string, unknown> = {
    address: address(columns.addressNumber, columns.address),
    addressTo: address(columns.addressToNumber, undefined),
    prefixLength: at(columns.prefixLength),
    protocol: at(columns.protocol),
    port: at(columns.port),
    portTo: at(columns.portTo),
    mark: at(columns.mark),
    mac:
      mac &&
      Array.from(mac.subarray(index * 6, index * 6 + 6), (byte) => byte.toString(16).padStart(2, '0')).join(
        ':',
      ),
    interface: columns.interface === '' ? undefined : columns.interface,
    address2: address(columns.address2Number, columns.address2),
    prefixLength2: at(columns.prefixLength2),
    timeout: at(columns.timeout),
    packets: columns.packets?.[index],
    bytes: columns.bytes?.[index],
  }
  return fields
}
