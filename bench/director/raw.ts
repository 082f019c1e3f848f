/**
 * The yardsticks: the same work done by the library without a director. `raw-batch` makes what a cold start makes in
 * the kernel: settings, all sets, the link, rules, and one batch of entries, services, servers and addresses. It is told
 * what to make: it reads no objects, plans nothing, and does not look at the kernel first. `raw-dump` reads what a
 * resync reads by netlink.
 */
import { release } from 'node:os'

import { Batch, plan, type Family, type KernelState } from '../../lib/index.js'
import { createSet } from '../../lib/director/plane/set-changes.js'
import { diffIptables } from '../../lib/iptables/diff.js'
import { Iptables } from '../../lib/iptables/program.js'
import type { Measurement } from '../suite.js'
import { watchLoop } from '../watch-loop.js'
import { median } from '../quantile.js'
import { CpuMeter } from './cpu-meter.js'
import { inFreshPlace, inProgrammedPlace, startProgrammed, type Place } from './place.js'
import {
  clusterAddress,
  endpointAddress,
  endpointPort,
  localEndpoints,
  nodeName,
  service,
  servicePort,
  slice,
  type ClusterSize,
} from './wishes.js'

const link = 'kube-ipvs0'

export function rawBatch(size: ClusterSize): Promise<Measurement> {
  return inFreshPlace(async (place) => {
    const frame = planFrame()
    const cpu = new CpuMeter()
    const { value: seconds, eventLoopDelayMs } = await watchLoop(async () => {
      const started = performance.now()
      await cpu.measure(async () => {
        await makeFrame(place, frame)
        const { failed } = await place.kernel.commit(everything(size))
        if (failed[0] !== undefined) throw failed[0].error
      })
      return (performance.now() - started) / 1000
    })
    const operations = size.services * (1 + size.endpoints)
    return { seconds, eventLoopDelayMs, operations, figures: cpu.figures() }
  })
}

/** What does not grow with the services: planned for one of them, which has an endpoint on this node. */
function planFrame(): KernelState {
  const one = { services: 1, endpoints: 1 }
  const facts = { name: nodeName, addresses: [], kernelRelease: release() }
  return plan({ services: [service(0)], endpointSlices: [slice(one, 0)] }, facts)
}

async function makeFrame({ kernel, netns }: Place, frame: KernelState): Promise<void> {
  for (const [name, value] of frame.sysctls) await kernel.sysctls.set(name, value)
  for (const { definition } of frame.sets.values()) await createSet(kernel, definition)
  await kernel.links.createDummy(link)
  const write = async (family: Family): Promise<void> => {
    const rules = diffIptables(undefined, frame.iptables.get(family))
    if (rules !== undefined) await new Iptables(family, { netns }).write(rules)
  }
  await Promise.all([write('inet'), write('inet6')])
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
