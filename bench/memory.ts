/** The peak of this process's resident memory during one stretch of work. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Needs node --expose-gc, which the harness gives. */
export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('the bench needs node --expose-gc')
  globalThis.gc()
}

function statusMiB(field: string): number {
  const [, kibibytes] =
    new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  if (kibibytes === undefined) throw new Error(`/proc/self/status has no ${field}`)
  return Number(kibibytes) / 1024
}

/** Forgets earlier peaks. `read` tells the peak since then, and how far it is above what was resident at the start. */
export function watchMemory(): { read(): { peakRssMiB: number; aboveMiB: number } } {
  // proc(5): 5 resets the peak resident set size.
  writeFileSync('/proc/self/clear_refs', '5')
  const before = statusMiB('VmRSS')
  return {
    read() {
      const peakRssMiB = statusMiB('VmHWM')
      return { peakRssMiB, aboveMiB: Math.max(0, peakRssMiB - before) }
    },
  }
}
