/**
 * The yardsticks: the same work done by the library without a director. `raw-batch` sends what a cold start sends to
 * the kernel by netlink; `raw-dump` reads what a resync reads by netlink.
 */
import { Batch } from '../../lib/index.js'
import type { Measurement } from '../suite.js'
import { watchLoop } from '../watch-loop.js'
import { median } from '../measure.js'
import { CpuMeter } from './cpu-meter.js'
import { inFreshPlace, inProgrammedPlace, startProgrammed, type Place } from './place.js'
import {
  clusterAddress,
  endpointAddress,
  endpointPort,
  localEndpoints,
  servicePort,
  type ClusterSize,
} from './wishes.js'

const link = 'kube-ipvs0'
const sets = {
  'KUBE-CLUSTER-IP': 'hash:ip,port',
  'KUBE-IPVS-IPS': 'hash:ip',
  'KUBE-LOOP-BACK': 'hash:ip,port,ip',
} as const

export function rawBatch(size: ClusterSize): Promise<Measurement> {
  return inFreshPlace(async ({ kernel }) => {
    await kernel.links.createDummy(link)
    for (const [name, type] of Object.entries(sets)) await kernel.sets.create(name, type, { maxelem: 65536 })
    const cpu = new CpuMeter()
    const { value: seconds, eventLoopDelayMs } = await watchLoop(async () => {
      const started = performance.now()
      await cpu.measure(async () => {
        const { failed } = await kernel.commit(everything(size))
        if (failed[0] !== undefined) throw failed[0].error
      })
      return (performance.now() - started) / 1000
    })
    const operations = size.services * (1 + size.endpoints)
    return { seconds, eventLoopDelayMs, operations, figures: cpu.figures() }
  })
}

/** Building the batch counts, as it does for the director. */
function everything(size: ClusterSize): Batch {
  const batch = new Batch()
  for (let index = 0; index < size.services; index++) {
    batch.addEntry('KUBE-CLUSTER-IP', `${clusterAddress(index)},tcp:${servicePort}`)
  }
  for (let index = 0; index < size.services; index++) batch.addEntry('KUBE-IPVS-IPS', clusterAddress(index))
  for (const number of localEndpoints(size)) {
    const address = endpointAddress(size, number)
    batch.addEntry('KUBE-LOOP-BACK', `${address},tcp:${endpointPort},${address}`)
  }
  for (let index = 0; index < size.services; index++) {
    const key = { protocol: 'tcp', address: clusterAddress(index), port: servicePort } as const
    batch.addService({ ...key, scheduler: 'rr' })
    for (let nth = 0; nth < size.endpoints; nth++) {
      const address = endpointAddress(size, index * size.endpoints + nth)
      batch.addServer(key, { address, port: endpointPort })
    }
  }
  for (let index = 0; index < size.services; index++) batch.addAddress(link, clusterAddress(index))
  return batch
}

const rounds = 5

export function rawDump(size: ClusterSize): Promise<Measurement> {
  return inProgrammedPlace(size, async (place) => {
    await (await startProgrammed(place, size)).stop()
    const cpu = new CpuMeter()
    const seconds: number[] = []
    const { eventLoopDelayMs } = await watchLoop(async () => {
      for (let round = 0; round < rounds; round++) {
        const started = performance.now()
        await cpu.measure(() => dump(place, size))
        seconds.push((performance.now() - started) / 1000)
      }
    })
    const operations = size.services * (1 + size.endpoints)
    return { seconds: median(seconds), operations, eventLoopDelayMs, figures: cpu.figures() }
  })
}

/** Rows only: nothing is turned into objects. */
async function dump({ kernel }: Place, size: ClusterSize): Promise<void> {
  const { serviceCount, serverCount } = await kernel.ipvs.snapshot()
  let entries = 0
  for (const { name } of await kernel.sets.list()) {
    for await (const table of kernel.sets.entries(name).tables()) entries += table.length
  }
  const addresses = await kernel.links.addresses(link)
  const seen = [serviceCount, serverCount, addresses.length]
  const wanted = [size.services, size.services * size.endpoints, size.services]
  if (seen.some((count, nth) => count < (wanted[nth] ?? 0)) || entries < 2 * size.services) {
    throw new Error(`read ${seen.join(', ')} and ${entries} entries`)
  }
}
