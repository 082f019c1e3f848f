import type { Counters, Rates } from '../types.js'

/** Connections, packets in and out, bytes in and out. */
export function countersText(counters: Counters, exact: boolean): string {
  return [
    counters.connections,
    counters.incomingPackets,
    counters.outgoingPackets,
    counters.incomingBytes,
    counters.outgoingBytes,
  ]
    .map((number) => column(number, exact))
    .join('')
}

export function ratesText(rates: Rates, exact: boolean): string {
  return [rates.connectionsPerSecond, rates.incomingPacketsPerSecond, rates.outgoingPacketsPerSecond]
    .map((number) => column(number, exact))
    .concat(bytesText(rates, exact))
    .join('')
}

/** In a server's line, connections and packets are never abbreviated. */
export function serverRatesText(rates: Rates, exact: boolean): string {
  return [rates.connectionsPerSecond, rates.incomingPacketsPerSecond, rates.outgoingPacketsPerSecond]
    .map((number) => ` ${String(number).padStart(8)}`)
    .concat(bytesText(rates, exact))
    .join('')
}

function bytesText(rates: Rates, exact: boolean): string {
  return column(rates.incomingBytesPerSecond, exact) + column(rates.outgoingBytesPerSecond, exact)
}

/** From each limit on, the next unit. */
const units = [
  { below: 10n ** 8n, divisor: 1n, sign: '' },
  { below: 10n ** 9n, divisor: 10n ** 3n, sign: 'K' },
  { below: 10n ** 11n, divisor: 10n ** 6n, sign: 'M' },
  { below: 10n ** 14n, divisor: 10n ** 9n, sign: 'G' },
] as const
const largestUnit = { divisor: 10n ** 12n, sign: 'T' } as const

/** Nine characters; exact numbers may be longer, with a blank before them. */
function column(number: bigint, exact: boolean): string {
  if (exact) return ` ${String(number).padStart(8)}`
  const { divisor, sign } = units.find(({ below }) => number < below) ?? largestUnit
  return `${number / divisor}${sign}`.padStart(9)
}
