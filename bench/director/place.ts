/**
 * Where the suite works: network namespaces of its own, so that nothing of the machine's is touched. One namespace is
 * kept programmed for each size, so that only the first measurement pays for it; cold starts get a fresh one.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

import { Director, openKernel, type DirectorSettings, type Kernel } from '../../lib/index.js'
import { nodeName, service, slice, type ClusterSize } from './wishes.js'

const prefix = 'bench-director-'

export interface Place {
  readonly kernel: Kernel
  readonly netns: string
}

export async function inProgrammedPlace<T>(
  size: ClusterSize,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  return inPlace(`${prefix}${size.services}x${size.endpoints}`, work)
}

export async function inFreshPlace<T>(work: (place: Place) => Promise<T>): Promise<T> {
  await loadModules()
  const name = `${prefix}cold`
  removePlace(name)
  try {
    return await inPlace(name, async (place) => {
      const value = await work(place)
      // At once: left to the namespace's end, the kernel would do it beside the next measurement.
      await place.kernel.ipvs.flush()
      return value
    })
  } finally {
    removePlace(name)
  }
}

/** The kernel loads its modules at the first use of each, which takes seconds and is no work of any driver. */
async function loadModules(): Promise<void> {
  const name = `${prefix}warm`
  if (existsSync(`/run/netns/${name}`)) return
  const size = { services: 1, endpoints: 1 }
  await inPlace(name, async (place) => (await startProgrammed(place, size)).cleanup())
}

/** Removes every namespace of the suite. */
export function removePlaces(): void {
  const listed = JSON.parse(ip('-json', 'netns', 'list') || '[]') as { name: string }[]
  for (const { name } of listed) if (name.startsWith(prefix)) removePlace(name)
}

/** Timers would work beside the measurement; what is due is asked for. */
export const withoutTimers = { resyncSeconds: 86400, drainCheckSeconds: 86400 } as const

export function newDirector({ kernel, netns }: Place, settings: DirectorSettings = {}): Director {
  return new Director(kernel, { nodeName, netns, ...settings })
}

const servicesInTurn = 50

/**
 * Tells a director about the whole cluster, as a watch would: some objects a turn of the event loop. Returns how long
 * the director took, in seconds; making the objects is no work of its.
 */
export async function wishAll(director: Director, size: ClusterSize): Promise<number> {
  let seconds = 0
  for (let first = 0; first < size.services; first += servicesInTurn) {
    const count = Math.min(servicesInTurn, size.services - first)
    const objects = Array.from({ length: count }, (_, nth) => ({
      service: service(first + nth),
      slice: slice(size, first + nth),
    }))
    const started = performance.now()
    for (const object of objects) {
      director.upsertEndpointSlice(object.slice)
      director.upsertService(object.service)
    }
    seconds += (performance.now() - started) / 1000
    await new Promise((resolve) => setImmediate(resolve))
  }
  return seconds
}

/** A started director whose kernel is as the cluster asks, whatever an earlier measurement left. */
export async function startProgrammed(
  place: Place,
  size: ClusterSize,
  settings: DirectorSettings = {},
): Promise<Director> {
  const director = newDirector(place, { ...withoutTimers, ...settings })
  await wishAll(director, size)
  await director.start()
  const { troubled, services } = director.status()
  if (troubled.size > 0 || services !== size.services) {
    throw new Error(`the place was not programmed: ${JSON.stringify([...troubled].slice(0, 3))}`)
  }
  return director
}

async function inPlace<T>(name: string, work: (place: Place) => Promise<T>): Promise<T> {
  const netns = `/run/netns/${name}`
  if (!existsSync(netns)) {
    ip('netns', 'add', name)
    ip('-netns', name, 'link', 'set', 'lo', 'up')
    ip('-netns', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1')
    ip('-netns', name, 'address', 'add', '192.0.2.10/24', 'dev', 'eth0')
  }
  const kernel = await openKernel({ netns })
  try {
    return await work({ kernel, netns })
  } finally {
    await kernel.close()
  }
}

function removePlace(name: string): void {
  if (existsSync(`/run/netns/${name}`)) ip('netns', 'delete', name)
}

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8' })
}
