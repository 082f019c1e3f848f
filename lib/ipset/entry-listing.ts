/** The entries of a set as they are read: objects one by one, or whole tables of rows. */
import { Listing } from '../listing.js'
import type { DumpHandle } from '../native.js'
import { entryReader } from './rows.js'
import type { Entry } from './types.js'

/** A table of entries as C++ decoded them; an entry becomes an object when it is asked for. */
export class EntryTable implements Iterable<Entry> {
  private readonly view: DataView
  /** Number of entries. */
  readonly length: number

  constructor(
    rows: ArrayBuffer,
    private readonly rowBytes: number,
  ) {
    this.view = new DataView(rows)
    this.length = Math.floor(rows.byteLength / rowBytes)
  }

  at(index: number): Entry | undefined {
    if (index < 0 || index >= this.length) return undefined
    return entryReader().read(this.view, index * this.rowBytes)
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as Entry
  }
}

type Chunk = ReturnType<DumpHandle['next']>

export interface EntrySource {
  open(): DumpHandle
  explain(error: unknown): unknown
}

/**
 * `await entries` is an array, `for await (const entry of entries)` streams. The kernel keeps the set in place while it
 * is read, but entries that come and go meanwhile may be seen or not.
 */
export class EntryListing extends Listing<Entry> {
  constructor(private readonly entrySource: EntrySource) {
    super({
      operation: 'entries',
      open: async () => entrySource.open(),
      decode: (view, offset) => entryReader().read(view, offset),
      explain: (error) => entrySource.explain(error),
    })
  }

  /** The same in tables of some thousand entries each: the fastest way to read a large set. */
  async *tables(): AsyncGenerator<EntryTable, void, undefined> {
    const source = this.entrySource
    let dump: DumpHandle | undefined
    let next: Chunk | undefined
    try {
      dump = source.open()
      next = dump.next()
      while (next !== undefined) {
        const { rows, rowBytes, state }: Awaited<Chunk> = await next
        // C++ reads the next table while the caller looks at this one.
        next = state === 'more' ? dump.next() : undefined
        next?.catch(() => undefined)
        if (rows.byteLength > 0) yield new EntryTable(rows, rowBytes)
      }
    } catch (error) {
      throw source.explain(error)
    } finally {
      // The kernel holds the set while it is read: whoever has left the loop may swap or destroy it.
      await next?.catch(() => undefined)
      dump?.close()
    }
  }
}
