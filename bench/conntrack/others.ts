/** conntrack(8), and the limit in C, under the same burst. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Driver, Measurement } from '../suite.js'
import { generate, inEmptyTable, monotonic, parseFlows, runLimit, spawnInside, type Times } from './burst.js'

/** Linux counts the time of processes in hundredths of a second for /proc (USER_HZ). */
const TICKS_PER_SECOND = 100
/** A program whose socket is empty, and that has printed nothing for this long, has printed all. */
const QUIET_MS = 100

/** `conntrack -E`: its lines are what it received. */
export function program(name: string, ...options: readonly string[]): Driver {
  return {
    name,
    measure: ({ size }) =>
      inEmptyTable(async ({ path }) => {
        const flows = parseFlows(size)
        const child = spawnInside(path, ['conntrack', '-E', '-e', 'NEW', ...options])
        const closed = once(child, 'close')
        const output = countLines(child.stdout)
        await untilListening(child.pid)
        const { started } = await generate(path, flows)
        // However long it takes: a program that starves has not lost what still waits for it.
        while (waitingBytes(child.pid) > 0 || monotonic() - output.last < QUIET_MS / 1000) await sleep(10)
        const cpuSeconds = processSeconds(child.pid)
        child.kill('SIGINT')
        await closed
        const received = output.lines
        return {
          seconds: Math.max(output.last - started, 1e-3),
          operations: received,
          figures: { received, lost: flows - received, cpuSeconds },
        }
      }),
  }
}

function countLines(stream: NodeJS.ReadableStream) {
  const output = { lines: 0, last: monotonic() }
  stream.on('data', (bytes: Buffer) => {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) output.lines++
    output.last = monotonic()
  })
  return output
}

/** What waits in the socket by which a process hears events of netfilter; -1 where there is no such socket any more, or yet. */
function waitingBytes(pid: number | undefined): number {
  try {
    const rows = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').split('\n').slice(1)
    // sk, protocol (12: netfilter), port, groups, bytes that wait to be received
    const listening = rows
      .map((row) => row.trim().split(/\s+/))
      .find(([, protocol, , groups]) => protocol === '12' && Number(`0x${groups}`) !== 0)
    return Number(listening?.[4] ?? -1)
  } catch {
    return -1
  }
}

async function untilListening(pid: number | undefined): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (waitingBytes(pid) >= 0) return
    await sleep(10)
  }
  throw new Error('conntrack -E does not listen')
}

/** 0 for a program that has ended by itself: nobody knows then. */
function processSeconds(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the name, which may hold anything: state is field 3, utime and stime are 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

interface LimitResult extends Times {
  readonly received: number
  readonly lost: number
  readonly cpuSeconds: number
}

function measured({ received, lost, cpuSeconds }: LimitResult, seconds: number): Measurement {
  return { seconds, operations: received, figures: { received, lost, cpuSeconds } }
}

/** Receives and discards. */
export const limitBurst: Driver = {
  name: 'limit-c',
  measure: ({ size }) =>
    inEmptyTable(async ({ path }) => {
      let making: Promise<Times> | undefined
      const result = await runLimit<LimitResult>(path, ['listen', size], async () => {
        making = generate(path, parseFlows(size))
      })
      const { started = result.started } = (await making) ?? {}
      return measured(result, result.finished - started)
    }),
}

export function limitDrain(most: number): Driver {
  return {
    name: 'limit-c',
    measure: ({ size }) =>
      inEmptyTable(async ({ path }) => {
        const flows = Math.min(parseFlows(size), most)
        const result = await runLimit<LimitResult>(path, ['drain', String(flows)])
        return { ...measured(result, result.finished - result.started), size: String(flows) }
      }),
  }
}
