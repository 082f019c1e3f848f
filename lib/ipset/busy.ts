/** A set stays in use for a moment after the rule that named it is gone; whoever asks for it gets the waiting done. */
import { setTimeout as sleep } from 'node:timers/promises'

import { DirectorError } from '../errors.js'
import { checkInteger } from './validate.js'

export interface BusyOptions {
  /** Try again for so long while the set is in use, milliseconds, at most 600000. @default 0 */
  readonly busyTimeoutMs?: number
}

const BUSY = new Set(['IPSET_ERR_BUSY', 'IPSET_ERR_REFERENCED', 'EBUSY'])
const FIRST_WAIT_MS = 5
const LONGEST_WAIT_MS = 250

/** The time-out of the options, checked: before anything is made that a bad one would leave behind. */
export function checkBusy({ busyTimeoutMs = 0 }: BusyOptions): number {
  return checkInteger(busyTimeoutMs, 'busyTimeoutMs', 0, 600_000)
}

/** Runs `attempt`, again and again with growing pauses while the kernel says that the set is in use. */
export async function whileBusy<T>(options: BusyOptions, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + checkBusy(options)
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await attempt()
    } catch (error) {
      const busy = error instanceof DirectorError && BUSY.has(error.code)
      const left = deadline - performance.now()
      if (!busy || left <= 0) throw error
      await sleep(Math.min(wait, left))
    }
  }
}
