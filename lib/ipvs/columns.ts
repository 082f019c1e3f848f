/** Servers from typed arrays: one array a field, for callers who have very many. */
import { checkInteger } from '../check.js'
import { AF_INET, AF_INET6, formatIpv4, readAddress } from '../address.js'
import { InvalidArgumentError } from '../errors.js'
import { MAX_WEIGHT, type OperationTable } from './operation-table.js'
import type { ForwardingMethod, ServiceKey } from './types.js'
import { addressAllowed } from './validate.js'

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

/** Appends one addServer for each address. All columns are checked before the first row is written. */
export function appendServers(operations: OperationTable, service: ServiceKey, columns: ServerColumns): void {
  const { addresses, ports, weights, forwarding, upperThreshold, lowerThreshold } = columns
  const count = addressCount(addresses)
  if (count === 0) return
  checkLength('servers.ports', ports, count)
  checkLength('servers.weights', weights, count)
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
  operations.repeatServer(count - 1, {
    address: (index, bytes, offset) => writeColumnAddress(addresses, index + 1, bytes, offset),
    port: typeof ports === 'object' ? (index) => ports[index + 1] as number : undefined,
    weight: typeof weights === 'object' ? (index) => weights[index + 1] as number : undefined,
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

function writeColumnAddress(
  addresses: Uint32Array | Uint8Array,
  index: number,
  bytes: Uint8Array,
  offset: number,
): void {
  if (!(addresses instanceof Uint32Array)) {
    bytes.set(addresses.subarray(index * 16, index * 16 + 16), offset)
    return
  }
  const address = addresses[index] as number
  bytes[offset] = address >>> 24
  bytes[offset + 1] = address >>> 16
  bytes[offset + 2] = address >>> 8
  bytes[offset + 3] = address
}

function checkLength(
  field: string,
  column: Uint16Array | Uint32Array | number | undefined,
  count: number,
): void {
  if (typeof column === 'object' && column.length !== count) {
    throw new InvalidArgumentError(field, column.length, `${count} values, one for each address`)
  }
}

function checkAddresses(addresses: Uint32Array | Uint8Array, count: number): void {
  const ipv4 = addresses instanceof Uint32Array
  const bytes = ipv4 ? new Uint8Array(4) : addresses
  for (let index = 0; index < count; index++) {
    if (ipv4) writeColumnAddress(addresses, index, bytes, 0)
    if (!addressAllowed(ipv4 ? AF_INET : AF_INET6, bytes, ipv4 ? 0 : index * 16)) {
      throw new InvalidArgumentError(
        `servers.addresses[${index}]`,
        addressText(addresses, index),
        'a unicast address',
      )
    }
  }
}

function checkWeights(weights: Uint32Array | number | undefined): void {
  if (typeof weights !== 'object') return
  for (let index = 0; index < weights.length; index++) {
    checkInteger(weights[index], `servers.weights[${index}]`, 0, MAX_WEIGHT)
  }
}
