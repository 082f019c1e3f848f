/**
 * The order of ipvsadm's listings: services by mark, family, protocol, address and port; servers by address and port.
 *
 * Each step is a difference taken as a 32-bit signed number, so that values more than 2^31 apart compare the wrong
 * way round (192.168.0.1 comes before 10.0.0.1) and the relation is not transitive. The outcome then depends on the
 * way of sorting as well, which is the C library's: a merge sort from the top down.
 */
import { AF_INET6, writeAddress } from '../../address.js'
import type { ServerState, ServiceState } from '../types.js'

/** What is compared, the weightiest first. */
interface SortKey {
  /** Equal for entries whose addresses can be compared at all; servers of both families still can. */
  readonly group: readonly number[]
  readonly family: number
  /** The address as four numbers of 32 bits; an IPv4 one fills the first. */
  readonly address: readonly number[]
  readonly port: number
}

export function sortServices<Value extends ServiceState>(services: readonly Value[]): Value[] {
  return sortByKey(services, serviceSortKey)
}

export function sortServers<Value extends Pick<ServerState, 'address' | 'port'>>(
  servers: readonly Value[],
): Value[] {
  return sortByKey(servers, ({ address, port }) => ({ group: [], ...addressKey(address), port }))
}

function serviceSortKey(service: ServiceState): SortKey {
  if ('fwmark' in service) {
    const family = service.family === 'inet' ? 2 : AF_INET6
    return { group: [service.fwmark, family, 0], family, address: [0, 0, 0, 0], port: 0 }
  }
  const { family, address } = addressKey(service.address)
  const protocol = { tcp: 6, udp: 17, sctp: 132 }[service.protocol]
  return { group: [0, family, protocol], family, address, port: service.port }
}

function addressKey(text: string): Pick<SortKey, 'family' | 'address'> {
  const bytes = new Uint8Array(16)
  const family = writeAddress(text, bytes, 0)
  const view = new DataView(bytes.buffer)
  return { family, address: [0, 4, 8, 12].map((offset) => view.getUint32(offset)) }
}

function sortByKey<Value>(values: readonly Value[], keyOf: (value: Value) => SortKey): Value[] {
  const keyed = values.map((value) => ({ value, key: keyOf(value) }))
  return mergeSort(keyed, (left, right) => compare(left.key, right.key)).map(({ value }) => value)
}

/** The left one's family decides how much of the addresses is compared. */
function compare(left: SortKey, right: SortKey): number {
  const words = left.family === AF_INET6 ? 4 : 1
  return (
    firstDifference(left.group, right.group) ||
    firstDifference(left.address.slice(0, words), right.address) ||
    left.port - right.port
  )
}

function firstDifference(left: readonly number[], right: readonly number[]): number {
  for (const [index, number] of left.entries()) {
    const difference = (number - (right[index] ?? 0)) | 0
    if (difference !== 0) return difference
  }
  return 0
}

function mergeSort<Value>(values: readonly Value[], order: (left: Value, right: Value) => number): Value[] {
  if (values.length < 2) return [...values]
  const middle = values.length >> 1
  const left = mergeSort(values.slice(0, middle), order)
  const right = mergeSort(values.slice(middle), order)
  const merged: Value[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length) {
    merged.push((order(left[l] as Value, right[r] as Value) <= 0 ? left[l++] : right[r++]) as Value)
  }
  return merged.concat(left.slice(l), right.slice(r))
}
