/** What the drivers have in common: a set of the right size in this process's own network namespace, and checks after. */
import { join } from 'node:path'

import { openKernel, type Kernel } from '../../lib/index.js'
import { collectGarbage, watchMemory } from '../memory.js'
import { runProgram } from '../program.js'
import type { Driver, Measurement, Task } from '../suite.js'
import { timed } from '../watch-loop.js'
import { kindOf, parseCount, type ElementKind, type Stretch } from './elements.js'

const limit = join(__dirname, '..', '..', '..', 'build', 'bench', 'ipset')

/** Small enough for a quick answer, as many as a caller asks for at once. */
const MOST_QUESTIONS = 100_000

export const SET = 'bench'
export const NEXT_SET = 'next'

export interface Work {
  readonly kernel: Kernel
  readonly kind: ElementKind
  /** Elements of the whole set. */
  readonly all: Stretch
  /** Those that are asked for. */
  readonly asked: Stretch
  /** Half of them were there before. */
  readonly replacement: Stretch
}

export type Worked = Omit<Measurement, 'operations'>
type Worker = (work: Work) => Promise<Worked>

/** Options that make all drivers' sets alike: room for everything, and one seed for the hash. */
export function setOptions({ all }: Work): { maxelem: number; initval: number } {
  return { maxelem: all.count, initval: 7 }
}

export async function createSet(work: Work, name: string): Promise<void> {
  await work.kernel.sets.create(name, work.kind.type, setOptions(work))
}

async function fill({ kernel, kind, all }: Work): Promise<void> {
  await kernel.sets.add(SET, kind.columns(all))
}

async function checkEntries({ kernel }: Work, name: string, expected: number): Promise<void> {
  const { entries } = await kernel.sets.header(SET)
  if (entries !== expected) throw new Error(`${name} left ${entries} entries, not ${expected}`)
}

/** A driver that starts with an empty set and ends with a full one. */
export function adding(name: string, worker: Worker): Driver {
  return driver(name, async (work) => {
    const worked = await worker(work)
    await checkEntries(work, name, work.all.count)
    return { ...worked, operations: work.all.count }
  })
}

/** A driver that empties a full set. */
export function deleting(name: string, worker: Worker): Driver {
  return driver(name, async (work) => {
    await fill(work)
    const worked = await worker(work)
    await checkEntries(work, name, 0)
    return { ...worked, operations: work.all.count }
  })
}

/** A driver that gives a full set other elements, as many. */
export function replacing(name: string, worker: Worker): Driver {
  return driver(name, async (work) => {
    await fill(work)
    const worked = await worker(work)
    await checkEntries(work, name, work.all.count)
    const { first, count } = work.replacement
    const sample = [first, first + count - 1].map((index) => work.kind.text(index))
    if (!(await work.kernel.sets.has(SET, sample)).every(Boolean))
      throw new Error(`${name} left other entries`)
    return { ...worked, operations: work.all.count }
  })
}

/** A driver that asks for elements of a full set. `seen` is how many of them it found. */
export function asking(
  name: string,
  worker: (work: Work) => Promise<Worked & { readonly seen: number }>,
): Driver {
  return driver(name, async (work) => {
    await fill(work)
    const { seen, ...worked } = await worker(work)
    if (seen !== work.asked.count) throw new Error(`${name} found ${seen} of ${work.asked.count}`)
    return { ...worked, operations: seen, size: `${seen} of ${work.all.count}` }
  })
}

/** A driver that reads a full set. `seen` is how many elements it saw. */
export function dumping(
  name: string,
  worker: (work: Work) => Promise<Worked & { readonly seen: number }>,
): Driver {
  return driver(name, async (work) => {
    await fill(work)
    const { seen, ...worked } = await worker(work)
    if (seen !== work.all.count) throw new Error(`${name} saw ${seen} of ${work.all.count}`)
    return { ...worked, operations: seen }
  })
}

/** A driver that works on something of its own, and checks that itself. */
export function beside(
  name: string,
  worker: (work: Work) => Promise<Worked & { readonly operations?: number }>,
): Driver {
  return driver(name, async (work) => ({ operations: work.all.count, ...(await worker(work)) }))
}

function driver(name: string, measure: (work: Work) => Promise<Measurement>): Driver {
  return {
    name,
    async measure({ size, options }: Task) {
      const count = parseCount(size)
      const work = {
        kernel: await openKernel(),
        kind: kindOf(options['type']),
        all: { first: 0, count },
        asked: { first: 0, count: Math.min(count, MOST_QUESTIONS) },
        replacement: { first: Math.floor(count / 2), count },
      }
      await createSet(work, SET)
      try {
        return await measure(work)
      } finally {
        // While this process lives: what the kernel has to free must not fall into the next measurement.
        await work.kernel.sets.destroy()
        await work.kernel.close()
      }
    },
  }
}

/** Times our own work on input that is ready, and what memory it takes beyond the input. */
export async function measured<T>(work: () => Promise<T>): Promise<{ value: T; worked: Worked }> {
  collectGarbage()
  const memory = watchMemory()
  const { value, seconds, eventLoopDelayMs } = await timed(work)
  const { peakRssMiB, aboveMiB } = memory.read()
  return { value, worked: { seconds, eventLoopDelayMs, peakRssMiB, figures: { aboveInputMiB: aboveMiB } } }
}

/** The C program on the set that is there. */
export async function runLimit(
  mode: string,
  { kind, all }: Work,
  count = all.count,
  ...words: readonly string[]
): Promise<Worked & { readonly seen: number }> {
  const { stdout, peakRssMiB } = await runProgram(limit, [mode, kind.type, String(count), ...words])
  return { ...(JSON.parse(stdout) as { seconds: number; seen: number }), peakRssMiB }
}
