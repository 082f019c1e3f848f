import type { SchedulerFlag } from '../types.js'
import { refuse } from './errors.js'

/** Bits are shared: two of the names mean a bit only to their own scheduler. */
const flags: Readonly<Record<SchedulerFlag, { bit: number; scheduler?: string }>> = {
  'sh-fallback': { bit: 0x8, scheduler: 'sh' },
  'sh-port': { bit: 0x10, scheduler: 'sh' },
  'mh-fallback': { bit: 0x8, scheduler: 'mh' },
  'mh-port': { bit: 0x10, scheduler: 'mh' },
  'flag-1': { bit: 0x8 },
  'flag-2': { bit: 0x10 },
  'flag-3': { bit: 0x20 },
}

/** The argument of -b: names between commas. */
export function parseSchedulerFlags(text: string, scheduler: string): SchedulerFlag[] {
  return text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      if (!isFlag(name)) return refuse(`invalid scheduler flag \`${name}'`)
      const owner = flags[name].scheduler
      if (owner !== undefined && owner !== scheduler) refuse(`incompatible scheduler flag \`${name}'`)
      return name
    })
}

/** The names that fit the scheduler, in the order of the bits. */
export function formatSchedulerFlags(set: readonly SchedulerFlag[], scheduler: string): string {
  const bits = set.reduce((sum, name) => sum | flags[name].bit, 0)
  return [0x8, 0x10, 0x20]
    .filter((bit) => (bits & bit) !== 0)
    .map((bit) => nameOf(bit, scheduler))
    .join(',')
}

function nameOf(bit: number, scheduler: string): string {
  const names = Object.entries(flags).filter(([, flag]) => flag.bit === bit)
  const own = names.find(([, flag]) => flag.scheduler === scheduler)
  const plain = names.find(([, flag]) => flag.scheduler === undefined)
  return (own ?? plain)?.[0] ?? ''
}

function isFlag(name: string): name is SchedulerFlag {
  return Object.hasOwn(flags, name)
}
