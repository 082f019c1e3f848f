/** Servers from typed arrays: one array a field, for callers who have very many. */
import { checkInteger, checkKeys } from '../check.js'
import { AF_INET6, formatIpv4, readAddress } from '../address.js'
import { InvalidArgumentError } from '../errors.js'
import { MAX_WEIGHT, type OperationTable } from './operation-table.js'
import type { ForwardingMethod, ServiceKey } from './types.js'
import { addressAllowed, ipv4Allowed } from './validate.js'

export interface ServerColumns {
  /** IPv4 as one number each, host order (`0x0a000001` is 10.0.0.1); or IPv6 as 16 bytes each, network order. */
  readonly addresses: Uint32Array | Uint8Array
  /** One port each, or one for all. @default the service's port */
  readonly ports?: Uint16Array | number
  /** One weight each, or one for all. @default 1 */
  readonly weights?: Uint32Array | number
  /** One for all. @default 'masquerade' */
  readonly forwarding?: ForwardingMethod
  readonly upperThreshold?: number
  readonly lowerThreshold?: number
}

const COLUMNS = ['addresses', 'ports', 'weights', 'forwarding', 'upperThreshold', 'lowerThreshold']

/** Appends one addServer for each address. All columns are checked before the first row is written. */
export function appendServers(operations: OperationTable, service: ServiceKey, columns: ServerColumns): void {
  checkKeys(columns, 'servers', COLUMNS)
  const { addresses, ports, weights, forwarding, upperThreshold, lowerThreshold } = columns
  const count = addressCount(addresses)
  if (count === 0) return
  checkColumn('servers.ports', ports, Uint16Array, count)
  checkColumn('servers.weights', weights, Uint32Array, count)
  checkAddresses(addresses, count)
  checkWeights(weights)

  // The first server goes the long way and checks what all share; the others are its row with other numbers.
  const port = at(ports, 0)
  operations.addServer('addServer', service, {
    address: addressText(addresses, 0),
    ...(port !== undefined && { port }),
    weight: at(weights, 0) ?? 1,
    ...(forwarding !== undefined && { forwarding }),
    ...(upperThreshold !== undefined && { upperThreshold }),
    ...(lowerThreshold !== undefined && { lowerThreshold }),
  })
  operations.repeatServer(count, {
    addresses,
    ports: typeof ports === 'object' ? ports : undefined,
    weights: typeof weights === 'object' ? weights : undefined,
  })
}

function at(column: Uint16Array | Uint32Array | number | undefined, index: number): number | undefined {
  return typeof column === 'object' ? column[index] : column
}

function addressCount(addresses: Uint32Array | Uint8Array): number {
  if (addresses instanceof Uint32Array) return addresses.length
  if (!(addresses instanceof Uint8Array) || addresses.length % 16 !== 0) {
    throw new InvalidArgumentError(
      'servers.addresses',
      addresses,
      'a Uint32Array (IPv4), or a Uint8Array of 16 bytes each (IPv6)',
    )
  }
  return addresses.length / 16
}

function addressText(addresses: Uint32Array | Uint8Array, index: number): string {
  return addresses instanceof Uint32Array
    ? formatIpv4(addresses[index] as number)
    : readAddress(AF_INET6, addresses, index * 16)
}

// Other arrays hold what the rows have no room for, and would be cut to it without a word.
function checkColumn(
  field: string,
  column: unknown,
  type: Uint16ArrayConstructor | Uint32ArrayConstructor,
  count: number,
): void {
  if (column === undefined || typeof column === 'number') return
  if (!(column instanceof type)) {
    throw new InvalidArgumentError(field, column, `a ${type.name}, or one number for all`)
  }
  if (column.length !== count) {
    throw new InvalidArgumentError(field, column.length, `${count} values, one for each address`)
  }
}

function checkAddresses(addresses: Uint32Array | Uint8Array, count: number): void {
  for (let index = 0; index < count; index++) {
    if (!allowedAt(addresses, index)) {
      throw new InvalidArgumentError(
        `servers.addresses[${index}]`,
        addressText(addresses, index),
        'a unicast address',
      )
    }
  }
}

function allowedAt(addresses: Uint32Array | Uint8Array, index: number): boolean {
  if (addresses instanceof Uint32Array) return ipv4Allowed((addresses[index] as number) >>> 24)
  return addressAllowed(AF_INET6, addresses, index * 16)
}

function checkWeights(weights: Uint32Array | number | undefined): void {
  if (typeof weights !== 'object') return
  for (let index = 0; index < weights.length; index++) {
    checkInteger(weights[index], `servers.weights[${index}]`, 0, MAX_WEIGHT)
  }
}
