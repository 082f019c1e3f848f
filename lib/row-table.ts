/** Tables of fixed-size rows on their way to native code. */
import type { RecordLayout } from './native.js'
import { offsetsOf, type Offsets } from './record.js'

/** Most batches are small, and are made often: their memory is not to be that of a large one. */
const ROWS_IN_FIRST_CHUNK = 16
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
  /** Over the chunk of the row that was begun last: the last chunk, the only one that grows. */
  protected view = nothing.view
  protected bytes = nothing.bytes
  private readonly chunks: Chunk[] = []
  private count = 0
  // Where in the last chunk the next row begins.
  private next = 0
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
    let left = this.count
    return this.chunks.map(({ bytes }) => {
      const rows = Math.min(left, bytes.byteLength / this.rowSize)
      left -= rows
      return bytes.subarray(0, rows * this.rowSize)
    })
  }

  /** The chunk that holds a row, and where in it the row begins. */
  locate(index: number): Chunk & { readonly offset: number } {
    const place = placeOf(index)
    const chunk = this.chunks[place.chunk]
    if (chunk === undefined || index >= this.count)
      throw new RangeError(`operation ${index} of ${this.count}`)
    return { view: chunk.view, bytes: chunk.bytes, offset: place.row * this.rowSize }
  }

  // A row is part of the table only once finishRow() has run: a refused value leaves no trace.
  protected beginRow(): number {
    if (this.next === this.bytes.byteLength) this.grow()
    const row = this.next
    if (this.dirty) this.bytes.fill(0, row, row + this.rowSize)
    this.dirty = true
    return row
  }

  protected finishRow(): void {
    this.dirty = false
    this.count++
    this.next += this.rowSize
  }

  private grow(): void {
    const rows = this.chunks.length === 0 ? ROWS_IN_FIRST_CHUNK : ROWS_PER_CHUNK
    const buffer = new ArrayBuffer(rows * this.rowSize)
    this.view = new DataView(buffer)
    this.bytes = new Uint8Array(buffer)
    this.next = 0
    this.chunks.push({ view: this.view, bytes: this.bytes })
  }
}

const nothing: Chunk = { view: new DataView(new ArrayBuffer(0)), bytes: new Uint8Array() }

function placeOf(index: number): { readonly chunk: number; readonly row: number } {
  if (index < ROWS_IN_FIRST_CHUNK) return { chunk: 0, row: index }
  const behind = index - ROWS_IN_FIRST_CHUNK
  return { chunk: 1 + Math.floor(behind / ROWS_PER_CHUNK), row: behind % ROWS_PER_CHUNK }
}
