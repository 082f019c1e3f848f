/** A burst of new flows in a namespace of its own, and the program that makes it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pid } from 'node:process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

import { InvalidArgumentError, type Kernel } from '../../lib/index.js'
import { inNamespace } from '../namespace.js'

const limit = join(__dirname, '..', '..', '..', 'build', 'bench', 'conntrack')

/** The flows go to this many destinations in turn. */
export const DESTINATIONS = 64

export const service = { protocol: 'udp', address: '10.96.0.0', port: 53 } as const

export function parseFlows(size: string): number {
  if (!/^[1-9]\d{0,6}$/.test(size)) throw new InvalidArgumentError('size', size, 'a number of flows')
  return Number(size)
}

/** A fresh namespace whose flows are gone when this resolves: to free them must not fall into the next measurement. */
export function inEmptyTable<T>(work: (room: { kernel: Kernel; path: string }) => Promise<T>): Promise<T> {
  return inNamespace(async (room) => {
    try {
      return await work(room)
    } finally {
      await room.kernel.conntrack.flush()
    }
  })
}

export interface Times {
  /** Seconds of CLOCK_MONOTONIC, which processes share. */
  readonly started: number
  readonly finished: number
}

/** The same clock. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e9
}

/** Starts a program inside; its standard error is ours. */
export function spawnInside(
  path: string,
  words: readonly string[],
): ChildProcessByStdio<null, Readable, null> {
  return spawn('nsenter', [`--net=${path}`, '--', ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs bench/limit/conntrack.c inside, and hands out its lines as they come. */
export async function runLimit<T>(
  path: string,
  words: readonly string[],
  onReady: () => Promise<void> = async () => undefined,
): Promise<T> {
  const child = spawnInside(path, [limit, ...words])
  const closed = once(child, 'close') as Promise<[number | null]>
  let result: T | undefined
  for await (const line of createInterface(child.stdout)) {
    if (line === 'ready') await onReady()
    else result = JSON.parse(line) as T
  }
  const [code] = await closed
  if (code !== 0 || result === undefined) throw new Error(`conntrack ${words.join(' ')} ended with ${code}`)
  return result
}

/** Makes the flows; resolves when all are there. */
export function generate(path: string, flows: number): Promise<Times> {
  return runLimit(path, ['generate', String(flows)])
}

/** Makes the flows while this process is stopped, so that its socket's buffer has to hold them all. */
export function generateWhileStopped(path: string, flows: number): Promise<Times> {
  return runLimit(path, ['generate', String(flows), String(pid)])
}
