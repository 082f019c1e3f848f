/** The director itself, as a user has it: told about changes, asked to sync. */
import { Director } from '../../lib/index.js'
import type { Measurement } from '../suite.js'
import { watchLoop } from '../watch-loop.js'
import { median } from '../quantile.js'
import { CpuMeter } from './cpu-meter.js'
import {
  inFreshPlace,
  inProgrammedPlace,
  newDirector,
  startProgrammed,
  wishAll,
  withoutTimers,
} from './place.js'
import { NoKernel } from './no-kernel.js'
import { nodeName, service, serviceName, slice, type ClusterSize } from './wishes.js'

/** From nothing to a programmed kernel: taking in the objects, planning, and every change. */
export function coldStart(size: ClusterSize): Promise<Measurement> {
  return inFreshPlace(async (place) => {
    const director = newDirector(place, withoutTimers)
    const cpu = new CpuMeter()
    const { value, eventLoopDelayMs } = await watchLoop(async () => {
      const wished = await wishAll(director, size)
      const started = performance.now()
      await cpu.measure(() => director.start())
      return wished + (performance.now() - started) / 1000
    })
    const measured = { seconds: value, eventLoopDelayMs }
    await check(director, size)
    const { serviceCount, serverCount } = await place.kernel.ipvs.snapshot()
    if (serviceCount !== size.services || serverCount !== size.services * size.endpoints) {
      throw new Error(`programmed ${serviceCount} services and ${serverCount} servers`)
    }
    const figures = { ...cpu.figures(), ...memoryFigures() }
    await director.stop()
    return { ...measured, operations: size.services * (1 + size.endpoints), figures }
  })
}

const warmUp = 200
const changes = 500

/** One endpoint is replaced by another, in one service after the other. */
export function oneEndpoint(size: ClusterSize): Promise<Measurement> {
  return repeated(size, replacing(size))
}

/** The same without a kernel: what is left is our own work, at the machine's own speed. */
export async function oneEndpointInMemory(size: ClusterSize): Promise<Measurement> {
  const director = new Director(new NoKernel(), { nodeName, ...withoutTimers })
  await wishAll(director, size)
  await director.start()
  const measured = await timeEach(director, replacing(size))
  await director.stop()
  return measured
}

type SingleChange = (director: Director, nth: number) => Promise<void>

function replacing(size: ClusterSize): SingleChange {
  return async (director, nth) => {
    const { index, generation } = target(size, nth)
    director.upsertEndpointSlice(slice(size, index, { count: 1, generation }))
    await syncCleanly(director)
    // The endpoint that was replaced has no connections, and leaves at the next look.
    await director.checkDrains()
  }
}

/** One service with its endpoints appears. */
export function oneService(size: ClusterSize): Promise<Measurement> {
  const larger = { ...size, services: size.services + warmUp + changes }
  return repeated(size, async (director, nth) => {
    director.upsertEndpointSlice(slice(larger, size.services + nth))
    director.upsertService(service(size.services + nth))
    await syncCleanly(director)
  })
}

const rounds = 5

/** A thousand services lose one endpoint each and get another. */
export function thousandChanges(size: ClusterSize): Promise<Measurement> {
  const many = Math.min(1000, size.services)
  return inProgrammedPlace(size, async (place) => {
    const director = await startProgrammed(place, size)
    const cpu = new CpuMeter()
    const runs: Measurement[] = []
    for (let round = 1; round <= rounds; round++) {
      const measured = await timed(cpu, async () => {
        for (let index = 0; index < many; index++) {
          director.upsertEndpointSlice(slice(size, index, { count: 1, generation: round }))
        }
        await syncCleanly(director)
        await director.checkDrains()
      })
      runs.push({ ...measured, operations: many })
    }
    await check(director, size)
    await director.stop()
    return middle(runs, { ...cpu.figures(), ...memoryFigures() })
  })
}

/** Everything is read and compared, and is as it should be. */
export function resync(size: ClusterSize): Promise<Measurement> {
  return inProgrammedPlace(size, async (place) => {
    const director = await startProgrammed(place, size)
    const cpu = new CpuMeter()
    const runs: Measurement[] = []
    for (let round = 0; round < rounds; round++) {
      const measured = await timed(cpu, async () => {
        const { changes: made } = await director.sync({ full: true })
        if (made.length > 0) throw new Error(`${made.length} changes in a resync without drift`)
      })
      runs.push({ ...measured, operations: size.services * (1 + size.endpoints) })
    }
    await director.stop()
    return middle(runs, { ...cpu.figures(), ...memoryFigures() })
  })
}

/** Many single changes, each timed on its own. `seconds` is the median of one. */
function repeated(size: ClusterSize, change: SingleChange): Promise<Measurement> {
  return inProgrammedPlace(size, async (place) => {
    const director = await startProgrammed(place, size)
    const measured = await timeEach(director, change)
    await director.stop()
    return measured
  })
}

async function timeEach(director: Director, change: SingleChange): Promise<Measurement> {
  // Not while the changes are measured: the watch wakes the loop each millisecond, also while the kernel works, and that
  // counts as busy.
  const { eventLoopDelayMs } = await watchLoop(async () => {
    for (let nth = 0; nth < warmUp; nth++) await change(director, nth)
  })
  const cpu = new CpuMeter()
  const seconds: number[] = []
  for (let nth = warmUp; nth < warmUp + changes; nth++) {
    const started = performance.now()
    await cpu.measure(() => change(director, nth))
    seconds.push((performance.now() - started) / 1000)
  }
  return {
    seconds: median(seconds),
    operations: 1,
    eventLoopDelayMs,
    figures: { ...cpu.figures(), ...memoryFigures() },
  }
}

/** Far apart in the table, so that nothing is near in memory; never twice the same generation of one service. */
function target({ services }: ClusterSize, nth: number): { index: number; generation: number } {
  return { index: (nth * 7919) % services, generation: 1 + Math.floor(nth / services) }
}

async function timed(cpu: CpuMeter, work: () => Promise<void>): Promise<Omit<Measurement, 'operations'>> {
  const { value: seconds, eventLoopDelayMs } = await watchLoop(async () => {
    const started = performance.now()
    await cpu.measure(work)
    return (performance.now() - started) / 1000
  })
  return { seconds, eventLoopDelayMs }
}

function middle(runs: readonly Measurement[], figures: Record<string, number>): Measurement {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    operations: runs[0]?.operations ?? 0,
    eventLoopDelayMs: Math.max(...runs.map(({ eventLoopDelayMs = 0 }) => eventLoopDelayMs)),
    figures,
  }
}

/** What the director holds when it has nothing to do. */
function memoryFigures(): Record<string, number> {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapMiB: heapUsed / 2 ** 20, rssMiB: rss / 2 ** 20 }
}

async function syncCleanly(director: Director): Promise<void> {
  const { failed } = await director.sync()
  if (failed[0] !== undefined) throw failed[0].error
}

async function check(director: Director, { services }: ClusterSize): Promise<void> {
  const status = director.status()
  if (status.troubled.size === 0 && status.services >= services && status.draining.length === 0) return
  throw new Error(`not as wished: ${JSON.stringify([...status.troubled].slice(0, 3))}, ${serviceName(0)}`)
}
