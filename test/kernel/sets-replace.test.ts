/** A replacement is at once for those who read, names only the set that was asked for, and leaves nothing behind. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'

import { DirectorError, openKernel, SetEntryError, type Kernel, type Sets } from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel, withNamespace } from '../support/namespace.js'

function addresses(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index
    return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
  })
}

async function names(sets: Sets): Promise<string[]> {
  return (await sets.list()).map(({ name }) => name).sort()
}

async function rejection(work: Promise<unknown>): Promise<DirectorError> {
  return work.then(
    () => assert.fail('was not refused'),
    (error: unknown) => {
      assert.ok(error instanceof DirectorError, String(error))
      return error
    },
  )
}

test('who reads while a set is replaced never misses what both have', { skip }, () =>
  withKernel(async ({ sets }, { path }) => {
    const reader = await openKernel({ netns: path })
    await sets.create('x', 'hash:ip')
    // The last to be filled in.
    const common = '192.0.2.1'
    await sets.add('x', [...addresses(2000), common])
    let replacing = true
    let questions = 0
    const reading = (async () => {
      for (; replacing; questions++) assert.equal(await reader.sets.has('x', common), true, `${questions}`)
    })()
    for (let round = 1; round <= 20; round++)
      await sets.replace('x', [...addresses(2000, round * 5000), common])
    replacing = false
    await reading
    assert.ok(questions >= 20, `${questions} questions`)
    await reader.close()
  }),
)

test('a wrong time-out is refused before anything is made', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip')
    for (const busyTimeoutMs of ['x' as unknown as number, 600_001, -1]) {
      for (const way of ['replace', 'sync'] as const) {
        const error = await rejection(sets[way]('x', ['10.0.0.1'], { busyTimeoutMs }))
        assert.equal(error.code, 'ERR_INVALID_ARGUMENT')
      }
    }
    assert.deepEqual(await names(sets), ['x'])
    assert.equal((await sets.header('x')).entries, 0)
  }),
)

test('a kernel that is closed meanwhile ends a replacement, and takes away what it made', { skip }, () =>
  withNamespace(async ({ path }) => {
    const observer = await openKernel({ netns: path })
    await observer.sets.create('x', 'hash:ip')
    await observer.sets.add('x', '10.0.0.1')
    const kernel: Kernel = await openKernel({ netns: path })
    let filling: (() => void) | undefined
    const filled = new Promise<void>((resolve) => (filling = resolve))
    async function* withoutEnd() {
      yield* addresses(10_000)
      filling?.()
      await new Promise(() => undefined)
    }
    const replaced = rejection(kernel.sets.replace('x', withoutEnd()))
    await filled
    assert.equal((await names(observer.sets)).length, 2)
    await kernel.close()
    assert.equal((await replaced).code, 'ERR_CLOSED')
    assert.deepEqual(await names(observer.sets), ['x'])
    assert.equal((await observer.sets.header('x')).entries, 1)
    await observer.close()
  }),
)

test('errors of a replacement name the set that was asked for', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('x', 'hash:ip', { maxelem: 2 })
    const columns = { addresses: Uint32Array.of(1, 1) }
    for (const bad of [['10.0.0.1', '10.0.0.1'], ['10.0.0.1', 'nonsense'], addresses(3), columns]) {
      const error = await rejection(sets.replace('x', bad))
      assert.equal(Reflect.get(error, 'set'), 'x')
      assert.doesNotMatch(error.message, /replacing-/)
      if (error instanceof SetEntryError) {
        assert.deepEqual(
          error.report?.failed.map(({ target }) => (target as { set: string }).set),
          ['x'],
        )
      }
    }
    await sets.create('list', 'list:set')
    const loop = await rejection(sets.replace('list', ['list']))
    assert.deepEqual([loop.code, Reflect.get(loop, 'set')], ['IPSET_ERR_LOOP', 'list'])
  }),
)

test('a set is free as soon as the loop over its tables is left', { skip }, () =>
  withKernel(async ({ sets }) => {
    for (const name of ['x', 'y']) {
      await sets.create(name, 'hash:ip', { maxelem: 200_000 })
      await sets.add(name, { addresses: Uint32Array.from({ length: 150_000 }, (_, index) => index + 1) })
    }
    // The last of them is the third or fourth: by then a thread receives ahead of us.
    for (let round = 0; round < 12; round++) {
      let left = 1 + (round % 4)
      for await (const table of sets.entries('x').tables()) {
        assert.ok(table.length > 0)
        if (--left === 0) break
      }
      await sets.swap('x', 'y')
    }
  }),
)

test('a long listing has every entry, once', { skip }, () =>
  withKernel(async ({ sets }) => {
    const length = 200_000
    await sets.create('x', 'hash:ip', { maxelem: length })
    await sets.add('x', { addresses: Uint32Array.from({ length }, (_, index) => index + 1) })
    const lists = [0, 1].map(async () => {
      const seen = new Uint8Array(length + 1)
      for await (const { address = '' } of sets.entries('x')) {
        const number = Buffer.from(address.split('.').map(Number)).readUInt32BE()
        seen[number] = (seen[number] ?? 0) + 1
      }
      return seen
    })
    const expected = new Uint8Array(length + 1).fill(1, 1)
    for (const seen of await Promise.all(lists)) assert.deepEqual(seen, expected)
  }),
)

test('a set that somebody lists cannot be swapped or destroyed, and the error says why', { skip }, () =>
  withKernel(async ({ sets }) => {
    for (const name of ['x', 'y']) await sets.create(name, 'hash:ip', { maxelem: 200_000 })
    await sets.add('x', { addresses: Uint32Array.from({ length: 150_000 }, (_, index) => index + 1) })
    for await (const entry of sets.entries('x')) {
      assert.ok(entry.address)
      const swap = await rejection(sets.swap('x', 'y'))
      assert.deepEqual([swap.code, /listed/.test(swap.message)], ['EBUSY', true])
      const destroy = await rejection(sets.destroy('x'))
      assert.deepEqual([destroy.code, /lists it/.test(destroy.message)], ['IPSET_ERR_BUSY', true])
      break
    }
    await sets.swap('x', 'y')
  }),
)

test('a save that fails keeps no socket', { skip }, () =>
  withKernel(async ({ sets }) => {
    await rejection(sets.save('nosuch'))
    const before = readdirSync('/proc/self/fd').length
    for (let round = 0; round < 50; round++) await rejection(sets.save('nosuch'))
    assert.equal(readdirSync('/proc/self/fd').length, before)
  }),
)
