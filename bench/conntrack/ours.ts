/** Our listener under a burst. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Kernel, Listener, ListenOptions } from '../../lib/index.js'
import { inNamespace } from '../namespace.js'
import type { Driver, Measurement } from '../suite.js'
import { watchLoop } from '../watch-loop.js'
import {
  DESTINATIONS,
  generate,
  generateWhileStopped,
  inEmptyTable,
  monotonic,
  parseFlows,
  service,
  type Times,
} from './burst.js'

interface Plan {
  readonly options?: ListenOptions
  /** Every event as an object, or chunks alone. */
  readonly objects?: boolean
  /** Holds the event loop for half of every second. */
  readonly blocked?: boolean
  /** The loop is held on purpose, so that how long says nothing. */
  readonly held?: boolean
  /** What passes the filter, of the flows made. */
  readonly expected?: (flows: number) => number
  readonly generate?: (path: string, flows: number) => Promise<Times>
  /** How many flows to make at most. */
  readonly most?: number
}

const MIB = 1 << 20

export function ours(name: string, plan: Plan = {}): Driver {
  return {
    name,
    measure: async ({ size }) => {
      const flows = Math.min(parseFlows(size), plan.most ?? Infinity)
      const burst = () => inEmptyTable(({ kernel, path }) => hear(kernel, path, flows, plan))
      const value = await burst()
      if (plan.held === true) return value
      // By itself: to watch the loop takes a timer of a millisecond, and more processor time than to listen.
      const { eventLoopDelayMs } = await watchLoop(burst)
      return { ...value, eventLoopDelayMs }
    },
  }
}

async function hear(kernel: Kernel, path: string, flows: number, plan: Plan): Promise<Measurement> {
  const expected = plan.expected?.(flows) ?? flows
  const listener = kernel.conntrack.listen({
    events: ['new'],
    receiveBufferBytes: 256 * MIB,
    queueBytes: 256 * MIB,
    ...plan.options,
  })
  await listener.ready
  const stop = plan.blocked === true ? block() : () => undefined
  const making = (plan.generate ?? generate)(path, flows)
  // The program has been started: that is the bench's cost, not the listener's.
  const before = process.cpuUsage()
  const { received, lost, at } = await take(listener, expected, plan.objects === true)
  const seconds = at - startOf(await making, plan)
  const { user, system } = process.cpuUsage(before)
  stop()
  await listener.close()
  return {
    seconds,
    operations: received,
    size: String(flows),
    figures: { received, lost, cpuSeconds: (user + system) / 1e6 },
  }
}

/** A full buffer is emptied from the moment on at which the process goes on. */
function startOf({ started, finished }: Times, plan: Plan): number {
  return plan.generate === generateWhileStopped ? finished : started
}

async function take(listener: Listener, expected: number, objects: boolean) {
  let received = 0
  let lost = 0
  for await (const chunk of listener) {
    if (chunk.type === 'lost') lost += chunk.count
    else if (objects) for (const event of chunk) received += event.type === 'new' ? 1 : 0
    else received += chunk.length
    if (received + lost >= expected) break
  }
  return { received, lost, at: monotonic() }
}

/** Sleeps on the JavaScript thread for 500 ms out of every second. */
function block(): () => void {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const timer = setInterval(() => Atomics.wait(cell, 0, 0, 500), 1000)
  Atomics.wait(cell, 0, 0, 0)
  return () => clearInterval(timer)
}

export const filtered: Plan = {
  options: { filter: { destinations: [service] } },
  expected: (flows) => Math.ceil(flows / DESTINATIONS),
}

export const blocked: Plan = { blocked: true, held: true }

export const drained: Plan = { generate: generateWhileStopped, most: 100_000, held: true }

/** 10,000 services come into a filter that runs. */
export const filterChange: Driver = {
  name: 'ours',
  measure: () =>
    inNamespace(async ({ kernel }) => {
      const listener = kernel.conntrack.listen({ filter: { destinations: [service] } })
      // The kernel has checked the program: that is no part of a change.
      await listener.ready
      const destinations = Array.from({ length: 10_000 }, (_, index) => ({
        ...service,
        address: `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
      }))
      const { value: seconds, eventLoopDelayMs } = await watchLoop(async () => {
        const started = monotonic()
        await listener.setFilter({ destinations: [service, ...destinations] })
        const finished = monotonic()
        await sleep(1)
        return finished - started
      })
      await listener.close()
      return { seconds, operations: destinations.length, eventLoopDelayMs }
    }),
}
