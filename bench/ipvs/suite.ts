/** IPVS: programming and listing a table, against ipvsadm, against one request at a time, and against the limit in C. */
import { join } from 'node:path'

import { formatIpv4 } from '../../lib/address.js'
import { Batch, openKernel, type Kernel } from '../../lib/index.js'
import { inNamespace } from '../namespace.js'
import { runProgram } from '../program.js'
import type { Driver, Measurement, Suite, Task } from '../suite.js'
import { watchLoop } from '../watch-loop.js'
import { parseSize, saveText, SERVER_PORT, serverAddress, serviceKey, type TableSize } from './table.js'

/**
 * How often what is measured is done before, for nothing, as in a service that has been running for a while. A first run
 * of JavaScript measures its compiler, and in an emulated processor little else.
 */
const WARM_UP_ROUNDS = { build: 30, commit: 3, list: 5 } as const

const limit = join(__dirname, '..', '..', '..', 'build', 'bench', 'ipvs')

function operations({ services, servers }: TableSize): number {
  return services * (servers + 1)
}

/** A driver that works on an empty table, and proves afterwards that the table is full. */
function programming(
  name: string,
  work: (kernel: Kernel, size: TableSize) => Promise<Omit<Measurement, 'operations'>>,
): Driver {
  return onKernel(name, async (kernel, size) => {
    const measured = await work(kernel, size)
    // Verified: a dump counts the services of all namespaces, and one of them is just going.
    const { serviceCount, serverCount } = await kernel.ipvs.snapshot({ verified: true })
    const expected = [size.services, size.services * size.servers]
    if (serviceCount !== expected[0] || serverCount !== expected[1]) {
      throw new Error(
        `${name} left ${serviceCount} services and ${serverCount} servers, expected ${expected.join(' and ')}`,
      )
    }
    return { ...measured, operations: operations(size) }
  })
}

/** A driver that reads a full table. `work` returns how many services and servers it saw. */
function listing(
  name: string,
  work: (kernel: Kernel) => Promise<Omit<Measurement, 'operations'> & { seen: number }>,
): Driver {
  return onKernel(name, async (kernel, size) => {
    await kernel.commit(columnBatch(size))
    const { seen, ...measured } = await work(kernel)
    if (seen !== operations(size)) throw new Error(`${name} saw ${seen} of ${operations(size)}`)
    return { ...measured, operations: operations(size) }
  })
}

function onKernel(name: string, measure: (kernel: Kernel, size: TableSize) => Promise<Measurement>): Driver {
  return {
    name,
    async measure({ size }: Task) {
      const kernel = await openKernel()
      await kernel.ipvs.flush()
      try {
        return await measure(kernel, parseSize(size))
      } finally {
        await kernel.ipvs.flush()
        await kernel.close()
      }
    },
  }
}

function columnBatch({ services, servers }: TableSize): Batch {
  const addresses = Uint32Array.from({ length: servers }, (_, index) => serverAddress(index))
  const batch = new Batch()
  for (let service = 0; service < services; service++) {
    const key = serviceKey(service)
    batch.addService({ scheduler: 'rr', ...key }).addServers(key, { addresses, ports: SERVER_PORT })
  }
  return batch
}

function objectBatch(list: readonly ReturnType<typeof tableObjects>[number][]): Batch {
  const batch = new Batch()
  for (const { service, servers } of list) {
    batch.addService(service)
    for (const server of servers) batch.addServer(service, server)
  }
  return batch
}

function tableObjects({ services, servers }: TableSize) {
  return Array.from({ length: services }, (_, service) => ({
    service: { scheduler: 'rr', ...serviceKey(service) },
    servers: Array.from({ length: servers }, (_unused, server) => ({
      address: formatIpv4(serverAddress(server)),
      port: SERVER_PORT,
    })),
  }))
}

/**
 * Building the batch counts: it is what a caller has to do. The event loop is watched while the same is done again, in
 * another namespace: in an emulated processor the watch itself doubles the time.
 */
async function buildAndCommit(kernel: Kernel, build: () => Batch): Promise<Omit<Measurement, 'operations'>> {
  for (let round = 0; round < WARM_UP_ROUNDS.build; round++) build()
  for (let round = 0; round < WARM_UP_ROUNDS.commit; round++) {
    await inNamespace(({ kernel: other }) => commitAll(other, build()))
  }
  const seconds = await secondsOf(() => commitAll(kernel, build()))
  return inNamespace(async ({ kernel: other }) => {
    const batch = build()
    const { eventLoopDelayMs } = await watchLoop(() => commitAll(other, batch))
    return { seconds, eventLoopDelayMs }
  })
}

/** One request, one answer, then the next: what libraries do that have no batches. */
async function oneByOne({ ipvs }: Kernel, size: TableSize): Promise<Omit<Measurement, 'operations'>> {
  const objects = tableObjects(size)
  const seconds = await secondsOf(async () => {
    for (const { service, servers } of objects) {
      await ipvs.addService(service)
      for (const server of servers) await ipvs.addServer(service, server)
    }
  })
  return { seconds }
}

async function commitAll(kernel: Kernel, batch: Batch): Promise<void> {
  const { failed } = await kernel.commit(batch)
  if (failed[0] !== undefined) throw failed[0].error
}

async function readWarm(
  read: () => Promise<number>,
): Promise<Omit<Measurement, 'operations'> & { seen: number }> {
  for (let round = 0; round < WARM_UP_ROUNDS.list; round++) await read()
  const seconds = await secondsOf(read)
  const { value: seen, eventLoopDelayMs } = await watchLoop(read)
  return { seconds, eventLoopDelayMs, seen }
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

async function limitProgram(mode: string, { services, servers }: TableSize) {
  const { stdout, peakRssMiB } = await runProgram(limit, [mode, String(services), String(servers)])
  return { ...(JSON.parse(stdout) as { seconds: number; seen: number }), peakRssMiB }
}

const program: Driver[] = [
  programming('ours-objects', (kernel, size) => {
    const objects = tableObjects(size)
    return buildAndCommit(kernel, () => objectBatch(objects))
  }),
  programming('ours-rows', (kernel, size) => buildAndCommit(kernel, () => columnBatch(size))),
  programming('one-by-one', (kernel, size) => oneByOne(kernel, size)),
  programming('one-by-one-c', (_, size) => limitProgram('one-by-one', size)),
  programming('ipvsadm', (_, size) => runProgram('ipvsadm', ['-R'], saveText(size))),
  programming('limit-c', (_, size) => limitProgram('program', size)),
]

const list: Driver[] = [
  listing('ours-objects', (kernel) =>
    readWarm(async () => {
      const { services } = await kernel.ipvs.snapshot()
      return services.length + services.reduce((sum, { servers }) => sum + servers.length, 0)
    }),
  ),
  listing('ours-rows', (kernel) =>
    readWarm(async () => {
      const { serviceCount, serverCount } = await kernel.ipvs.snapshot()
      return serviceCount + serverCount
    }),
  ),
  listing('ipvsadm', async () => {
    const { stdout, seconds, peakRssMiB } = await runProgram('ipvsadm', ['-Sn'])
    return { seconds, peakRssMiB, seen: stdout.split('\n').length - 1 }
  }),
  listing('limit-c', () => limitProgram('list', { services: 0, servers: 0 })),
]

export const ipvsSuite: Suite = {
  name: 'ipvs',
  defaultSize: '1000x10',
  checkSize: parseSize,
  guest: 'qemu',
  limits: ['ipvs'],
  rows: [
    { name: 'program', drivers: program },
    { name: 'list', drivers: list },
  ],
  ratios: [
    { name: 'program', of: 'ipvsadm', to: 'ours-objects' },
    { name: 'program', of: 'ipvsadm', to: 'ours-rows' },
    { name: 'program', of: 'one-by-one', to: 'ours-objects' },
    { name: 'program', of: 'one-by-one', to: 'ours-rows' },
    { name: 'program', of: 'one-by-one-c', to: 'ours-objects' },
    { name: 'program', of: 'one-by-one-c', to: 'ours-rows' },
    { name: 'program', of: 'ours-rows', to: 'limit-c' },
    { name: 'program', of: 'ours-objects', to: 'limit-c' },
    { name: 'list', of: 'ipvsadm', to: 'ours-objects' },
    { name: 'list', of: 'ipvsadm', to: 'ours-rows' },
    { name: 'list', of: 'ours-rows', to: 'limit-c' },
  ],
}
