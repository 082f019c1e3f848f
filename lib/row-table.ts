/** Tables of fixed-size rows on their way to native code. */
import type { RecordLayout } from './native.js'
import { offsetsOf, type Offsets } from './record.js'

const ROWS_PER_CHUNK = 1024

/** A piece of a table. */
interface Chunk {
  readonly view: DataView
  readonly bytes: Uint8Array
}

/** A growing table. Rows never move, so that handing them to native code copies nothing. */
export class RowTable<Field extends string> {
  readonly rowSize: number
  protected readonly at: Offsets<Field>
  /** Over the chunk of the row that was begun last. */
  protected view!: DataView
  protected bytes!: Uint8Array
  private readonly chunks: Chunk[] = []
  private count = 0
  // Whether the row behind the last holds the leavings of a refused value.
  private dirty = false

  constructor(layout: RecordLayout<Field>) {
    this.rowSize = layout.size
    this.at = offsetsOf(layout.fields)
  }

  get size(): number {
    return this.count
  }

  /** The rows, as views that end with the last row. */
  tables(): Uint8Array[] {
    return this.chunks.map(({ bytes }, index) => {
      const rows = Math.min(this.count - index * ROWS_PER_CHUNK, ROWS_PER_CHUNK)
      return bytes.subarray(0, rows * this.rowSize)
    })
  }

  /** The chunk that holds a row, and where in it the row begins. */
  locate(index: number): Chunk & { readonly offset: number } {
    const chunk = this.chunks[Math.floor(index / ROWS_PER_CHUNK)]
    if (chunk === undefined || index >= this.count)
      throw new RangeError(`operation ${index} of ${this.count}`)
    return { ...chunk, offset: (index % ROWS_PER_CHUNK) * this.rowSize }
  }

  // A row is part of the table only once finishRow() has run: a refused value leaves no trace.
  protected beginRow(): number {
    const index = Math.floor(this.count / ROWS_PER_CHUNK)
    const chunk = (this.chunks[index] ??= this.newChunk())
    this.view = chunk.view
    this.bytes = chunk.bytes
    const row = (this.count % ROWS_PER_CHUNK) * this.rowSize
    if (this.dirty) this.bytes.fill(0, row, row + this.rowSize)
    this.dirty = true
    return row
  }

  protected finishRow(): void {
    this.dirty = false
    this.count++
  }

  private newChunk(): Chunk {
    const buffer = new ArrayBuffer(ROWS_PER_CHUNK * this.rowSize)
    return { view: new DataView(buffer), bytes: new Uint8Array(buffer) }
  }
}
