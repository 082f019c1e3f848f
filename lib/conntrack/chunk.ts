/** Stretches of the event stream. Rows lie in one ArrayBuffer and become objects when somebody looks at them. */
import type { NativeChunk } from '../native-conntrack.js'
import type { IpvsConnection } from './connection.js'
import { conntrackReader } from './rows.js'
import type { ExpectationEvent, FlowEvent, LostEvents } from './types.js'

/** Events of one kind, in the order in which they happened. */
export abstract class RowChunk<T> implements Iterable<T> {
  /** @internal */
  constructor(
    /** Rows of `native/conntrack/records.h`, for those who read them themselves. */
    readonly rows: ArrayBuffer,
    /** Of one row: what few flows have is left out where none of these has it. */
    readonly rowBytes: number,
  ) {}

  /** How many events there are. */
  get length(): number {
    return this.rows.byteLength / this.rowBytes
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    const { rows, rowBytes } = this
    const view = new DataView(rows)
    const bytes = new Uint8Array(rows)
    for (let row = 0; row + rowBytes <= rows.byteLength; row += rowBytes) yield this.decode(view, bytes, row)
  }

  protected abstract decode(view: DataView, bytes: Uint8Array, row: number): T
}

/** Names the connection that an event is about, where the listener follows IPVS. */
export type ConnectionOf = (event: FlowEvent) => IpvsConnection | undefined

export class FlowChunk extends RowChunk<FlowEvent> {
  readonly type = 'flows'

  /** @internal */
  constructor(
    rows: ArrayBuffer,
    rowBytes: number,
    private readonly connectionOf?: ConnectionOf,
  ) {
    super(rows, rowBytes)
  }

  protected decode(view: DataView, bytes: Uint8Array, row: number): FlowEvent {
    const event = conntrackReader().flowEvent(view, bytes, row)
    const connection = this.connectionOf?.(event)
    return connection === undefined ? event : { ...event, connection }
  }
}

export class ExpectationChunk extends RowChunk<ExpectationEvent> {
  readonly type = 'expectations'

  protected decode(view: DataView, bytes: Uint8Array, row: number): ExpectationEvent {
    return conntrackReader().expectationEvent(view, bytes, row)
  }
}

/** A gap: the events that are missing here. Its only item says the same. */
export class LostChunk implements LostEvents, Iterable<LostEvents> {
  readonly type = 'lost'
  readonly length = 1

  /** @internal */
  constructor(
    readonly count: number,
    readonly reason: LostEvents['reason'],
  ) {}

  *[Symbol.iterator](): Generator<LostEvents, void, undefined> {
    yield { type: this.type, count: this.count, reason: this.reason }
  }
}

export type EventChunk = FlowChunk | ExpectationChunk | LostChunk

/** @internal */
export function makeChunk(chunk: NativeChunk, connectionOf?: ConnectionOf): EventChunk {
  if ('lost' in chunk) return new LostChunk(chunk.lost, chunk.reason)
  return chunk.kind === conntrackReader().flowChunkKind
    ? new FlowChunk(chunk.rows, chunk.rowBytes, connectionOf)
    : new ExpectationChunk(chunk.rows, chunk.rowBytes)
}
