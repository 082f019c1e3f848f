/**
 * CPU time of our own code. Per sample it is the time that the event loop was busy: that is where plans are made and
 * compared, and the kernel's work is done on other threads. The whole process, those threads included, is known only
 * by the timer's ticks, and is therefore given as a mean: what it used itself, and what the kernel used for it.
 */
import { performance } from 'node:perf_hooks'
import { cpuUsage } from 'node:process'

import { quantile } from '../quantile.js'

export class CpuMeter {
  readonly #busyMs: number[] = []
  #userMs = 0
  #kernelMs = 0

  async measure<T>(work: () => Promise<T>): Promise<T> {
    const cpuBefore = cpuUsage()
    const loopBefore = performance.eventLoopUtilization()
    const value = await work()
    this.#busyMs.push(performance.eventLoopUtilization(loopBefore).active)
    const { user, system } = cpuUsage(cpuBefore)
    this.#userMs += user / 1000
    this.#kernelMs += system / 1000
    return value
  }

  figures(): Record<'cpuMsMedian' | 'cpuMsP99' | 'userMsMean' | 'kernelMsMean', number> {
    const sorted = this.#busyMs.sort((a, b) => a - b)
    return {
      cpuMsMedian: quantile(sorted, 0.5),
      cpuMsP99: quantile(sorted, 0.99),
      userMsMean: this.#userMs / sorted.length,
      kernelMsMean: this.#kernelMs / sorted.length,
    }
  }
}
