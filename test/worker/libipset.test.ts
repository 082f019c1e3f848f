/** libipset has one state for the whole process: threads, copies of the addon and ends of threads must not meet in it. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { EventEmitter, once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { loadLibipset } from '../../lib/index.js'
import { type LibipsetAddon, type NativeRun, libipsetAddon } from '../../lib/ipset/libipset-addon.js'
import { packageRoot } from '../../lib/load-addon.js'
import { withNamespace } from '../support/namespace.js'
import { realIpset, skipWithoutIpset } from '../support/real-ipset.js'

const skip = skipWithoutIpset
const library = join(packageRoot, 'dist', 'lib', 'index.js')

/** A worker that runs `body`, an async function body with `loadLibipset`, `netns`, `name` and `parentPort`. */
function startWorker(body: string, netns: string, name: string): Worker {
  const source = `
    const { parentPort, workerData: { library, netns, name } } = require('node:worker_threads')
    const { loadLibipset } = require(library)
    void (async () => { ${body} })()`
  return new Worker(source, { eval: true, workerData: { library, netns, name } })
}

function lines(set: string, count: number): string {
  const entries = Array.from(
    { length: count },
    (_, index) => `add ${set} 10.0.${index >> 8}.${index & 255},tcp:80`,
  )
  return [`create ${set} hash:ip,port`, ...entries].join('\n')
}

function count(netns: string, set: string): number {
  return realIpset(netns, ['save', set]).stdout.split('\n').length - 2
}

test('workers and the main thread restore and save at once, each in its own namespace', { skip }, () =>
  withNamespace((first) =>
    withNamespace((second) =>
      withNamespace(async (third) => {
        const libipset = loadLibipset()
        const text = lines('same', 2000)
        const workers = [first, second].map(({ path }) => {
          const body = `
            const libipset = loadLibipset()
            await libipset.restore(name, { netns })
            for (let round = 0; round < 20; round++) await libipset.save('same', { netns })
            parentPort.postMessage((await libipset.save('same', { netns })).split('\\n').length)`
          return startWorker(body, path, text)
        })
        const answers = workers.map((worker) => once(worker, 'message'))
        // In this one, the name means a set of another type.
        const other = 'create same bitmap:port range 0-2000\n'
        const ports = Array.from({ length: 2000 }, (_, index) => `add same ${index}`).join('\n')
        await libipset.restore(other + ports, { netns: third.path })
        for (const answer of answers) assert.deepEqual(await answer, [2002])
        assert.equal(count(third.path, 'same'), 2000)
      }),
    ),
  ),
)

test('a thread that is terminated in the middle of a restore leaves libipset to the others', { skip }, () =>
  withNamespace(async ({ path }) => {
    const body = `
      async function* input() {
        yield 'create a hash:ip\\nadd a 10.0.0.1\\n'
        parentPort.postMessage('restoring')
        await new Promise(() => {})
      }
      const alive = setInterval(() => {}, 1000)
      await loadLibipset().restore(input(), { netns })`
    const worker = startWorker(body, path, '')
    await once(worker, 'message')
    await worker.terminate()
    await loadLibipset().restore('create b hash:ip', { netns: path })
    assert.equal(count(path, 'b'), 0)
  }),
)

test('a thread that is terminated while libipset works waits for it, and no longer', { skip }, () =>
  withNamespace(async ({ path }) => {
    const body = `
      const restored = loadLibipset().restore(name, { netns })
      setImmediate(() => parentPort.postMessage('restoring'))
      await restored`
    for (let round = 0; round < 5; round++) {
      const worker = startWorker(body, path, lines(`set${round}`, 20_000))
      await once(worker, 'message')
      await worker.terminate()
    }
    // Whatever was done of them, the kernel and libipset are whole.
    await loadLibipset().restore(`${lines('last', 1000)}`, { netns: path })
    assert.equal(count(path, 'last'), 1000)
  }),
)

test('two copies of the addon in one process take turns', { skip }, () =>
  withNamespace(async ({ path }) => {
    // More output than a run may leave unread: the first copy waits in the middle of libipset until it is cancelled.
    realIpset(path, ['create', 'a', 'hash:ip', 'maxelem', '300000'])
    realIpset(path, ['add', 'a', '10.0.0.0/14'])
    const [one, two] = copiesOfTheAddon()
    assert.notEqual(one.RunHandle, two.RunHandle)

    const first = start(one, path, ['save'])
    await first.heard('output')
    const second = start(two, path, ['list', '-n'])
    // Ample time for a start that must not be.
    for (let index = 0; index < 10; index++) {
      realIpset(path, ['list', '-n'])
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(second.events, [])
    first.run.cancel()
    await second.heard('end')
    assert.deepEqual(second.events, ['started', 'output', 'end'])
    await first.heard('end')
  }),
)

test('a run whose handle nobody holds comes to its end', { skip }, () =>
  withNamespace(async ({ path }) => {
    const ends: Promise<void>[] = []
    for (let index = 0; index < 20; index++) {
      ends.push(start(libipsetAddon(), path, ['create', `set${index}`, 'hash:ip']).heard('end'))
      globalThis.gc?.()
    }
    await Promise.all(ends)
    assert.equal(realIpset(path, ['list', '-n']).stdout.split('\n').length, 21)
  }),
)

interface Started {
  run: NativeRun
  events: string[]
  heard(event: string): Promise<void>
}

function start(addon: LibipsetAddon, networkNamespace: string, words: readonly string[]): Started {
  const bus = new EventEmitter()
  const events: string[] = []
  const request = {
    mode: 'command' as const,
    words,
    networkNamespace,
    ignoresPresence: false,
    screen: undefined,
  }
  const run = new addon.RunHandle(request, (kind) => {
    events.push(kind)
    bus.emit('event')
  })
  const heard = async (event: string): Promise<void> => {
    while (!events.includes(event)) await once(bus, 'event')
  }
  return { run, events, heard }
}

function copiesOfTheAddon(): [LibipsetAddon, LibipsetAddon] {
  const original = join(packageRoot, 'native', 'libipset', 'build', 'Release', 'ipvs_director_libipset.node')
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  const load = (name: string): LibipsetAddon => {
    const copy = join(folder, name)
    copyFileSync(original, copy)
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an addon can be loaded in no other way
    return require(copy) as LibipsetAddon
  }
  try {
    return [load('one.node'), load('two.node')]
  } finally {
    rmSync(folder, { recursive: true })
  }
}
