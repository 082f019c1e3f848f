/**
 * What a dump gives its caller: awaited it is an array, iterated it is a stream. Rows become objects one by one, when
 * somebody asks for them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { DirectorError } from './errors.js'
import { translate, type DumpHandle } from './native.js'

/** Where the rows come from, and how one of them becomes an object. */
export interface ListingSource<T> {
  readonly operation: string
  /** Starts the dump anew. */
  open(): Promise<DumpHandle>
  decode(view: DataView, offset: number): T
  explain?(error: unknown): unknown
}

const MOST_ATTEMPTS = 10
/** Rows between two turns of the event loop: about 2 ms on a slow machine. */
const ROWS_A_TURN = 1024

/**
 * `await listing` collects everything, and starts again (at most 10 times) when the kernel says that the table changed
 * meanwhile. `for await (const item of listing)` streams; there an interruption ends the loop with
 * `ERR_DUMP_INTERRUPTED`, since what was handed out can't be taken back.
 */
export class Listing<T> implements AsyncIterable<T>, PromiseLike<T[]> {
  /** @internal The rooms of a kernel make these. */
  constructor(private readonly source: ListingSource<T>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { items, interrupted } of this.read()) {
      yield* items
      if (interrupted) throw this.interruption(1)
    }
  }

  then<Fulfilled = T[], Rejected = never>(
    onFulfilled?: ((items: T[]) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.toArray().then(onFulfilled, onRejected)
  }

  async toArray(): Promise<T[]> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const all: T[] = []
      let whole = true
      for await (const { items, interrupted } of this.read()) {
        for (const item of items) all.push(item)
        if (interrupted) whole = false
      }
      if (whole) return all
    }
    throw this.interruption(MOST_ATTEMPTS)
  }

  private async *read(): AsyncGenerator<{ items: Iterable<T>; interrupted: boolean }, void, undefined> {
    let dump: DumpHandle | undefined
    try {
      dump = await this.source.open()
      for (;;) {
        const { rows, rowBytes, state } = await dump.next()
        const step = rowBytes * ROWS_A_TURN
        for (let start = 0; start < rows.byteLength; start += step) {
          if (start > 0) await nextTurn()
          const end = Math.min(start + step, rows.byteLength)
          yield { items: this.decode(rows, rowBytes, start, end), interrupted: false }
        }
        if (state === 'interrupted') yield { items: [], interrupted: true }
        if (state !== 'more') return
      }
    } catch (error) {
      throw this.source.explain?.(error) ?? translate(error)
    } finally {
      dump?.close()
    }
  }

  private *decode(
    rows: ArrayBuffer,
    rowBytes: number,
    start: number,
    end: number,
  ): Generator<T, void, undefined> {
    const view = new DataView(rows)
    for (let offset = start; offset + rowBytes <= end; offset += rowBytes) {
      yield this.source.decode(view, offset)
    }
  }

  private interruption(attempts: number): DirectorError {
    const { operation } = this.source
    return new DirectorError(`${operation}: the table changed while it was read (${attempts} attempts)`, {
      code: 'ERR_DUMP_INTERRUPTED',
      operation,
    })
  }
}
