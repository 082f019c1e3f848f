/** Times work and the event loop under it. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `work` and says how long the event loop was held at most. Timer resolution is 1 ms and counted off. */
export async function watchLoop<T>(work: () => Promise<T>): Promise<{ value: T; eventLoopDelayMs: number }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await sleep(5)
  histogram.reset()
  const value = await work()
  // The hold at the very end is seen by the next tick only.
  await sleep(5)
  histogram.disable()
  return { value, eventLoopDelayMs: Math.max(0, histogram.max / 1e6 - 1) }
}

/** The same, with the time that the work took. */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ value: T; seconds: number; eventLoopDelayMs: number }> {
  const { value, eventLoopDelayMs } = await watchLoop(async () => {
    const started = performance.now()
    const result = await work()
    return { result, seconds: (performance.now() - started) / 1000 }
  })
  return { value: value.result, seconds: value.seconds, eventLoopDelayMs }
}
