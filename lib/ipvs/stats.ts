/**
 * Counters and rates of a row. A large table is mostly idle, and ten bigints an object are most of what reading it
 * costs: whoever has moved nothing shares one frozen set of zeros.
 */
import type { StatsField } from '../native.js'
import { littleEndian, type Offsets } from '../record.js'
import type { Counters, Rates } from './types.js'

export interface Stats {
  readonly counters: Counters
  readonly rates: Rates
}

const counterFields = [
  'connections',
  'incomingPackets',
  'outgoingPackets',
  'incomingBytes',
  'outgoingBytes',
] as const satisfies readonly (keyof Counters & StatsField)[]

const rateFields = [
  'connectionsPerSecond',
  'incomingPacketsPerSecond',
  'outgoingPacketsPerSecond',
  'incomingBytesPerSecond',
  'outgoingBytesPerSecond',
] as const satisfies readonly (keyof Rates & StatsField)[]

type Read = (field: StatsField) => bigint

function countersOf(read: Read): Counters {
  return {
    connections: read('connections'),
    incomingPackets: read('incomingPackets'),
    outgoingPackets: read('outgoingPackets'),
    incomingBytes: read('incomingBytes'),
    outgoingBytes: read('outgoingBytes'),
  }
}

function ratesOf(read: Read): Rates {
  return {
    connectionsPerSecond: read('connectionsPerSecond'),
    incomingPacketsPerSecond: read('incomingPacketsPerSecond'),
    outgoingPacketsPerSecond: read('outgoingPacketsPerSecond'),
    incomingBytesPerSecond: read('incomingBytesPerSecond'),
    outgoingBytesPerSecond: read('outgoingBytesPerSecond'),
  }
}

const noCounters = Object.freeze(countersOf(() => 0n))
const noRates = Object.freeze(ratesOf(() => 0n))

export function readStats(view: DataView, row: number, at: Offsets<StatsField>): Stats {
  const read: Read = (field) => view.getBigUint64(row + at[field], littleEndian)
  return {
    counters: isZero(view, row, at, counterFields) ? noCounters : countersOf(read),
    rates: isZero(view, row, at, rateFields) ? noRates : ratesOf(read),
  }
}

function isZero(
  view: DataView,
  row: number,
  at: Offsets<StatsField>,
  fields: readonly StatsField[],
): boolean {
  for (const field of fields) {
    const offset = row + at[field]
    if (view.getUint32(offset, true) !== 0 || view.getUint32(offset + 4, true) !== 0) return false
  }
  return true
}
