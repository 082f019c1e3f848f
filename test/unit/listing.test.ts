/** Listings of a table that changes while it is read, from dumps in memory. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Listing } from '../../lib/listing.js'
import type { DumpHandle } from '../../lib/native.js'

type Chunk = Awaited<ReturnType<DumpHandle['next']>>

/** A chunk of rows of one byte each. */
function chunk(state: Chunk['state'], ...rows: number[]): Chunk {
  return { rows: Uint8Array.from(rows).buffer, rowBytes: 1, state }
}

/** A table of which each reading brings the next list of chunks; the last one comes again and again. */
function tableOf(...readings: [Chunk[], ...Chunk[][]]) {
  const seen = { opened: 0, closed: 0 }
  const listing = new Listing<number>({
    operation: 'services',
    open: async () => {
      const chunks = readings[Math.min(seen.opened++, readings.length - 1)] ?? []
      let next = 0
      return {
        next: async () => chunks[next++] ?? assert.fail('read past the end'),
        close: () => void seen.closed++,
      }
    },
    decode: (view, offset) => view.getUint8(offset),
  })
  return { listing, seen }
}

const changed = [chunk('more', 1, 2), chunk('interrupted', 3)]

test('a dump that was interrupted is read again, and nothing of it is kept', async () => {
  const { listing, seen } = tableOf(changed, changed, [chunk('more', 7), chunk('done', 8)])
  assert.deepEqual(await listing, [7, 8])
  assert.deepEqual(seen, { opened: 3, closed: 3 })
})

test('a table that changes during every reading is an error after ten of them', async () => {
  const { listing, seen } = tableOf(changed)
  await assert.rejects(listing.toArray(), {
    name: 'DirectorError',
    code: 'ERR_DUMP_INTERRUPTED',
    operation: 'services',
    message: 'services: the table changed while it was read (10 attempts)',
  })
  assert.deepEqual(seen, { opened: 10, closed: 10 })
})

test('a stream hands out what came before the interruption, and then ends with the error', async () => {
  const { listing, seen } = tableOf(changed)
  const rows: number[] = []
  await assert.rejects(
    async () => {
      for await (const row of listing) rows.push(row)
    },
    { code: 'ERR_DUMP_INTERRUPTED' },
  )
  assert.deepEqual(rows, [1, 2, 3])
  assert.deepEqual(seen, { opened: 1, closed: 1 })
})

test('a loop that is left closes the dump', async () => {
  const { listing, seen } = tableOf([chunk('more', 1, 2), chunk('done', 3)])
  for await (const row of listing) if (row === 1) break
  assert.deepEqual(seen, { opened: 1, closed: 1 })
})
