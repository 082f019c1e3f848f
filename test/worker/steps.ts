/**
 * Steps in the life of a kernel, each run in a process of its own by lifecycle.test.ts: `steps.js NAME`. A step prints
 * `ok` when it got as far as it should; the process's own exit code and signal say the rest.
 */
import { argv, exit, stdout } from 'node:process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

import { Batch, openKernel, type Kernel } from '../../lib/index.js'
import { runToEnd } from '../../lib/iptables/run-program.js'
import { loadAddon } from '../../lib/load-addon.js'
import type { Native } from '../../lib/native.js'

declare const gc: () => void

/** Work that keeps the pool busy for a while. */
function longBatch(): Batch {
  const batch = new Batch()
  for (let index = 0; index < 2000; index++)
    batch.addAddress('lo', `127.9.${(index >> 8) & 255}.${index & 255}`)
  for (let index = 0; index < 2000; index++)
    batch.removeAddress('lo', `127.9.${(index >> 8) & 255}.${index & 255}`)
  return batch
}

/** The namespace that the parent made for this process. */
async function open(): Promise<Kernel> {
  const netns = process.env['STEP_NETNS']
  return openKernel(netns === undefined ? {} : { netns })
}

async function threads(): Promise<number> {
  return (await readdir('/proc/self/task')).length
}

async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

/** Bounded: what is left then is for the step to tell. */
async function collectWhile(isLeft: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 50 && (await isLeft()); round++) {
    gc()
    await sleep(10)
  }
}

async function expectNoMoreThan(before: number): Promise<void> {
  const leaked = (await descriptors()) - before
  if (leaked > 0) throw new Error(`${leaked} descriptors are still open`)
}

async function sayAndExit(): Promise<void> {
  stdout.write('ok\n', () => exit(0))
  await sleep(1000)
}

const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  'exit before open': async () => undefined,
  'exit after open': open,
  'exit during work': async () => {
    const kernel = await open()
    void kernel.commit(longBatch(), { onError: 'continue' })
    await sayAndExit()
  },
  'end during work': async () => {
    const kernel = await open()
    // Not awaited: the loop stays alive until it has settled.
    void kernel.commit(longBatch(), { onError: 'continue' }).then(({ applied, failed }) => {
      stdout.write(applied + failed.length === 4000 ? 'settled\n' : 'lost operations\n')
    })
  },
  'exit after close': async () => (await open()).close(),
  'close during work': async () => {
    const kernel = await open()
    const work = kernel.commit(longBatch(), { onError: 'continue' })
    await kernel.close()
    await work
  },
  'an uncaught error with an open kernel': async () => {
    await open()
    setImmediate(() => {
      throw new Error('on purpose')
    })
    stdout.write('ok\n')
    await sleep(1000)
  },
  'garbage collection of unclosed kernels': async () => {
    await (await open()).close()
    const before = await descriptors()
    for (let index = 0; index < 200; index++) await useAndForget()
    for (let round = 0; round < 20 && (await descriptors()) > before; round++) {
      gc()
      await sleep(10)
    }
    await expectNoMoreThan(before)
  },
  'garbage collection of unfinished listings': async () => {
    const kernel = await open()
    // More than the kernel and we read at a time.
    await kernel.sets.create('many', 'hash:ip', { maxelem: 1 << 16 })
    await kernel.sets.add('many', '10.0.0.0/16')
    const before = await descriptors()
    const held = await beginAndForget(kernel)
    // Idle sockets are used first.
    if (held < before + 40) throw new Error(`${held - before} of 50 listings hold a socket`)
    await collectWhile(async () => (await descriptors()) > before)
    await expectNoMoreThan(before)
  },
  'garbage collection of long listings, which threads receive ahead': async () => {
    const kernel = await open()
    await makeLongSet(kernel)
    const before = { descriptors: await descriptors(), threads: await threads() }
    for (let listing = 0; listing < 5; listing++) await beginLongAndForget(kernel)
    if ((await threads()) < before.threads + 5) throw new Error('no thread receives')
    const left = async (): Promise<boolean> =>
      (await descriptors()) > before.descriptors || (await threads()) > before.threads
    await collectWhile(left)
    if (await left()) throw new Error(`${await descriptors()} descriptors and ${await threads()} threads`)
  },
  'exit in the middle of a long listing': async () => {
    const kernel = await open()
    await makeLongSet(kernel)
    await beginLongAndForget(kernel)
    await sayAndExit()
  },
  'a worker that is terminated in the middle of a long listing': () => inWorker('read', terminate),
  'a worker that exits in the middle of a long listing': () => inWorker('read and exit'),
  'exit while programs run and start': async () => {
    // Longer than this process may take.
    void runToEnd(['sleep', '70'])
    await sleep(100)
    for (let nth = 0; nth < 10; nth++) void runToEnd(['true'])
    await sayAndExit()
  },
  'a worker that exits while programs run and start': () => inWorker('run and exit'),
  'workers that are terminated while programs run and start': async () => {
    await inWorker('run', terminate)
    const before = await descriptors()
    for (let round = 0; round < 10; round++) await inWorker('run', terminate)
    await collectWhile(async () => (await descriptors()) > before)
    await expectNoMoreThan(before)
  },
  'a worker that closes': () => inWorker('close'),
  'a worker that is terminated in the middle': () => inWorker('work', terminate),
  'a worker that exits in the middle': () => inWorker('exit'),
  'many workers at once': async () => {
    // The first worker of a process opens things that stay.
    await inWorker('close')
    const before = await descriptors()
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        index % 2 === 0 ? inWorker('work', terminate) : inWorker('close'),
      ),
    )
    await sleep(50)
    await expectNoMoreThan(before)
  },
  'a listener that nobody waits for': async () => {
    // It does not keep the process.
    ;(await open()).conntrack.listen()
  },
  'exit while a listener waits': async () => {
    void (await open()).conntrack.listen().next()
    await sayAndExit()
  },
  'close while a listener waits': async () => {
    const kernel = await open()
    const listener = kernel.conntrack.listen()
    const pending = listener.next()
    await kernel.close()
    if ((await pending).done !== true) throw new Error('the stream goes on')
  },
  'garbage collection of forgotten listeners': async () => {
    const kernel = await open()
    const before = await descriptors()
    for (let index = 0; index < 50; index++) listenAndForget(kernel)
    await collectWhile(async () => (await descriptors()) > before)
    await expectNoMoreThan(before)
  },
  'a worker that is terminated while it listens': () => inWorker('listen', terminate),
  'a worker that exits while it listens': () => inWorker('listen and exit'),
  'a worker that ends with a listener open': () => inWorker('listen and end'),
  'two copies of the addon': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-copy-'))
    try {
      const first = loadAddon() as Native
      const file = Object.keys(require.cache).find((path) => path.endsWith('.node'))
      if (file === undefined) throw new Error('the addon is not in the module cache')
      copyFileSync(file, join(folder, 'copy.node'))
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a second copy, by its path
      const second = require(join(folder, 'copy.node')) as Native
      const ours = new first.KernelHandle()
      const theirs = new second.KernelHandle()
      await Promise.all([first.route.links(ours), second.route.links(theirs)])
      await expectTypeError(async () => first.route.links(theirs))
      await expectTypeError(async () => second.route.links(ours))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

// A function of its own, so that no local keeps the kernel.
async function useAndForget(): Promise<void> {
  await (await open()).links.list()
}

/** How many descriptors are open while nobody has forgotten yet. */
async function beginAndForget(kernel: Kernel): Promise<number> {
  const listings = Array.from({ length: 50 }, () => kernel.sets.entries('many')[Symbol.asyncIterator]())
  await Promise.all(listings.map((entries) => entries.next()))
  return descriptors()
}

/** So long that its listing is received ahead. */
async function makeLongSet(kernel: Kernel): Promise<void> {
  await kernel.sets.create('long', 'hash:ip', { maxelem: 1 << 18 })
  await kernel.sets.add('long', ['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'])
}

/** As far as to where a thread receives, and waits for us. */
async function beginLongAndForget(kernel: Kernel): Promise<void> {
  const tables = kernel.sets.entries('long').tables()[Symbol.asyncIterator]()
  for (let table = 0; table < 3; table++) await tables.next()
}

function listenAndForget(kernel: Kernel): void {
  kernel.conntrack.listen({ filter: {} })
}

async function expectTypeError(call: () => Promise<unknown>): Promise<void> {
  try {
    await call()
  } catch (error) {
    if (error instanceof TypeError) return
    throw error
  }
  throw new Error('a handle of another copy was accepted')
}

/** A worker comes as far as its message, and is then ended by `end`, where it does not end by itself. */
async function inWorker(what: string, end?: (worker: Worker) => Promise<unknown>): Promise<void> {
  const worker = new Worker(__filename, { workerData: { what } })
  // Both from the start: where this thread was kept from looking, message and end arrive in one turn.
  const exited = once(worker, 'exit')
  const ready = once(worker, 'message').then(() => true)
  if (!(await Promise.race([ready, exited.then(() => false)]))) throw new Error(`no message from '${what}'`)
  await end?.(worker)
  await exited
}

function terminate(worker: Worker): Promise<unknown> {
  return worker.terminate()
}

/** Events come all the time, so that the reader is at work whenever the end comes. */
async function listenInWorker(kernel: Kernel, what: string): Promise<void> {
  const listener = kernel.conntrack.listen({ filter: {}, resync: true })
  const flows = Array.from({ length: 2000 }, (_, index) => ({
    original: {
      protocol: 'udp' as const,
      source: `10.0.${index >> 8}.${index & 255}`,
      destination: '10.9.9.9',
      sourcePort: 9,
      destinationPort: 9,
    },
    timeoutSeconds: 60,
  }))
  const traffic = kernel.conntrack.createAll(flows)
  await listener.next()
  parentPort?.postMessage('listening')
  if (what === 'listen and exit') exit(0)
  if (what === 'listen and end') return void (await traffic)
  for await (const chunk of listener) if (chunk.type === 'flows') void [...chunk]
}

async function readInWorker(kernel: Kernel, what: string): Promise<void> {
  await makeLongSet(kernel)
  await beginLongAndForget(kernel)
  parentPort?.postMessage('listing')
  if (what === 'read and exit') exit(0)
  for await (const table of kernel.sets.entries('long').tables()) void table.length
}

async function runInWorker(what: string): Promise<void> {
  void runToEnd(['cat', '/proc/self/status'])
  await runToEnd(['true'])
  for (let nth = 0; nth < 10; nth++) void runToEnd(['sleep', '1'])
  parentPort?.postMessage('running')
  if (what === 'run and exit') exit(0)
  await sleep(10_000)
}

async function workerMain(what: string): Promise<void> {
  if (what.startsWith('run')) return runInWorker(what)
  const kernel = await open()
  if (what.startsWith('read')) return readInWorker(kernel, what)
  if (what.startsWith('listen')) return listenInWorker(kernel, what)
  const work = kernel.commit(longBatch(), { onError: 'continue' })
  parentPort?.postMessage('working')
  if (what === 'exit') exit(0)
  await work
  await kernel.close()
}

async function main(): Promise<void> {
  if (!isMainThread) {
    await workerMain((workerData as { what: string }).what)
    return
  }
  const step = steps[argv[2] ?? '']
  if (step === undefined) throw new Error(`no step '${argv[2]}'`)
  await step()
  stdout.write('ok\n')
}

export const stepNames = Object.keys(steps)
if (require.main === module || !isMainThread) void main()
