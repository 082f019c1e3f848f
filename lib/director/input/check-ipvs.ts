/** Checks of the words of IPVS: schedulers, their flags, drain times. */
import { InvalidArgumentError } from '../../errors.js'
import type { SchedulerFlag } from '../../ipvs/types.js'
import * as check from './check.js'

/** The bit of each flag name (IP_VS_SVC_F_SCHED1 to 3): several names share one. */
const flagBits: Readonly<Record<SchedulerFlag, number>> = {
  'sh-fallback': 0x08,
  'sh-port': 0x10,
  'mh-fallback': 0x08,
  'mh-port': 0x10,
  'flag-1': 0x08,
  'flag-2': 0x10,
  'flag-3': 0x20,
}

/** A scheduler module's name: IP_VS_SCHEDNAME_MAXLEN is 16 with its terminator. */
export function scheduler(field: string, value: unknown): string {
  if (typeof value === 'string' && /^[a-z0-9_-]{1,15}$/.test(value)) return value
  throw new InvalidArgumentError(field, value, 'a scheduler name such as rr, wrr, lc, wlc, sh or mh')
}

export function schedulerFlags(field: string, values: readonly unknown[]): readonly SchedulerFlag[] {
  const names = Object.keys(flagBits) as SchedulerFlag[]
  const found = check
    .list(field, values)
    .map((value, index) => check.oneOf(`${field}[${index}]`, value, names))
  return [...new Set(found)].sort()
}

/** Two lists of flags are the same for the kernel when their bits are. */
export function schedulerFlagMask(flags: readonly SchedulerFlag[] | undefined): number {
  return (flags ?? []).reduce((mask, flag) => mask | flagBits[flag], 0)
}

/** Seconds; Infinity for no bound. */
export function drainTimeout(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value
  throw new InvalidArgumentError(field, value, 'seconds from 0, or Infinity')
}
