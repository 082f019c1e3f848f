/**
 * The totals of the whole table: /proc/net/ip_vs_stats and _percpu, hexadecimal text.
 * Source: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_stats_show() and ip_vs_stats_percpu_show().
 */
import { DirectorError } from '../errors.js'
import { readText, type FileOpener } from '../proc-file.js'
import type { Counters, Rates } from './types.js'

/** What all services and servers of the namespace did together. */
export interface IpvsStatistics {
  /** Since the namespace was made or `zero()` was called. The kernel adds them up every two seconds. */
  readonly counters: Counters
  readonly rates: Rates
  /** What each CPU has counted, up to this moment; `zero()` leaves these alone. */
  readonly perCpu: readonly { readonly cpu: number; readonly counters: Counters }[]
}

export async function readStatistics(opener: FileOpener): Promise<IpvsStatistics> {
  return parseStatistics(await readText(opener, '/proc/net/ip_vs_stats_percpu'))
}

const NUMBERS = /^(?:[\dA-F]+|~)(?: +[\dA-F]+)*$/

/** `ERR_PROC_FORMAT` for text that no kernel known to us writes. Takes /proc/net/ip_vs_stats too, which has no CPUs. */
export function parseStatistics(text: string): IpvsStatistics {
  const lines = text.split('\n').map((line) => line.trim())
  const [rates, total, ...cpus] = lines
    .filter((line) => NUMBERS.test(line))
    .map((line) => line.split(/ +/))
    .reverse()
  if (rates?.length !== 5 || total === undefined) {
    throw new DirectorError(`statistics that cannot be read: ${JSON.stringify(text)}`, {
      code: 'ERR_PROC_FORMAT',
      operation: 'statistics',
    })
  }
  return {
    counters: countersOf(total.slice(-5)),
    rates: ratesOf(rates),
    perCpu: cpus.reverse().map(([cpu = '', ...counters]) => ({
      cpu: Number.parseInt(cpu, 16),
      counters: countersOf(counters),
    })),
  }
}

function countersOf(words: readonly string[]): Counters {
  const [connections, incomingPackets, outgoingPackets, incomingBytes, outgoingBytes] = numbersOf(words)
  return { connections, incomingPackets, outgoingPackets, incomingBytes, outgoingBytes }
}

function ratesOf(words: readonly string[]): Rates {
  const [connections, incomingPackets, outgoingPackets, incomingBytes, outgoingBytes] = numbersOf(words)
  return {
    connectionsPerSecond: connections,
    incomingPacketsPerSecond: incomingPackets,
    outgoingPacketsPerSecond: outgoingPackets,
    incomingBytesPerSecond: incomingBytes,
    outgoingBytesPerSecond: outgoingBytes,
  }
}

function numbersOf(words: readonly string[]): [bigint, bigint, bigint, bigint, bigint] {
  const at = (index: number): bigint => BigInt(`0x${words[index] ?? '0'}`)
  return [at(0), at(1), at(2), at(3), at(4)]
}
