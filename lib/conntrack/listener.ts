/** `kernel.conntrack.listen()`: the stream of events. */
import { setImmediate } from 'node:timers/promises'

import { AbortError, DirectorError } from '../errors.js'
import { translate } from '../native.js'
import type { ListenerHandle } from '../native-conntrack.js'
import { makeChunk, type EventChunk } from './chunk.js'
import type { EventFilter } from './filter-types.js'
import { ListenerFilter, type Follow } from './listener-filter.js'

/**
 * Chunks that wait are handed out in one turn of the event loop for this long; then timers and other input have theirs.
 * A consumer that is slower than the events would otherwise hold the loop for as long as they come.
 */
const TURN_MS = 5

/** Where a listener's filter runs. */
export type FilterKind = 'ebpf' | 'native' | 'none'

export interface ListenerStatus {
  /** Events handed to the queue since the start. */
  readonly received: number
  /** Events that the kernel or we could not deliver: the sum of all `lost` records. */
  readonly lost: number
  /** What waits for the consumer at this moment, bytes. */
  readonly queuedBytes: number
  /** Flows that are remembered for `resync`. */
  readonly knownFlows: number
}

/**
 * The events, as chunks: `for await (const chunk of listener) for (const event of chunk) …`. One consumer; what it
 * does not take waits in bounded memory, and beyond that is counted as lost. Leaving the loop early does not close the
 * listener: iterate again, or `close()`. Ends when closed; a listener that nobody refers to any more closes itself.
 */
export class Listener implements AsyncIterableIterator<EventChunk> {
  /** What the kernel granted for events that wait to be read, bytes by its own count (about 1 KiB an event). */
  readonly receiveBufferBytes: number
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  private pending = false
  private closing: Promise<void> | undefined
  private ended = false
  private started = false
  private failure: unknown
  private readonly filter: ListenerFilter
  private detach: () => void = () => undefined
  /** When this turn of the event loop was first seen, `performance.now()`. */
  private turn = 0

  /** @internal use `kernel.conntrack.listen()` */
  constructor(
    private readonly handle: ListenerHandle,
    filter: EventFilter | undefined,
    filterKind: 'ebpf' | 'native' | undefined,
    follow: Follow,
    signal: AbortSignal | undefined,
  ) {
    this.receiveBufferBytes = handle.status().receiveBufferBytes
    this.filter = new ListenerFilter(handle, filter, follow, (error) => this.fail(error))
    this.filter.begin(filterKind)
    if (signal !== undefined) this.closeOnAbort(signal)
  }

  /**
   * Resolves when the filter is where it belongs, and a followed table has been read. Events are heard before, too:
   * filtered in the reader until the kernel has checked and loaded the program; until a followed table has been read for
   * the first time, they wait in the socket's buffer. Rejects with what ended the listener.
   */
  get ready(): Promise<void> {
    return this.start()
  }

  /**
   * `'ebpf'`: in the kernel, before anything is queued. `'native'`: in the reader, where bpf(2) is not permitted, and
   * until `ready`. `'none'`: there is no filter.
   */
  get filterKind(): FilterKind {
    return this.handle.status().filterKind
  }

  get status(): ListenerStatus {
    const { received, lost, queuedBytes, knownFlows } = this.handle.status()
    return { received, lost, queuedBytes, knownFlows }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * The next chunk: all that has happened since the last one, up to 2 MiB. One call at a time
   * (`ERR_CONCURRENT_READ`). Rejects with `ABORT_ERR` after an abort, or with what ended the reader.
   */
  async next(): Promise<IteratorResult<EventChunk, undefined>> {
    if (this.pending) {
      throw new DirectorError('a listener has one consumer: the last next() has not settled yet', {
        code: 'ERR_CONCURRENT_READ',
        operation: 'listen',
      })
    }
    this.pending = true
    try {
      if (!this.started) await this.start()
      for (;;) {
        if (performance.now() - this.turn > TURN_MS) await this.nextTurn()
        if (this.failure !== undefined) throw this.failure as Error
        const chunk = this.handle.take()
        if (chunk !== null) return { done: false, value: makeChunk(chunk, this.filter.connectionOf) }
        if (this.ended) return { done: true, value: undefined }
        // The reader's last chunk comes while it is being closed.
        await (this.closing ?? this.handle.wait())
        this.turn = performance.now()
      }
    } catch (error) {
      throw translate(error)
    } finally {
      this.pending = false
    }
  }

  /** Leaving a `for await` loop: the listener stays open. */
  async return(): Promise<IteratorResult<EventChunk, undefined>> {
    return { done: true, value: undefined }
  }

  /**
   * Changes what events pass, while it runs: without a gap for whatever both the old and the new filter pass, in one
   * system call however many services come and go. Resolves when the new filter is in force, and the virtual server
   * table has been read where it is followed. A listener without a filter cannot get one (`ERR_INVALID_STATE`): open it
   * with `filter: {}`.
   *
   * Errors: `ERR_INVALID_ARGUMENT`; `E2BIG` when the filter has no room (`filterCapacity`); what reading the virtual
   * server table says. The old filter stays in force then.
   */
  setFilter(filter: EventFilter): Promise<void> {
    return this.filter.set(filter)
  }

  /**
   * Hears nothing from here on; what has happened by now can still be taken, with the count of what was dropped.
   * Idempotent.
   */
  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  private fail(error: unknown): void {
    this.failure ??= error
    void this.close()
  }

  private async nextTurn(): Promise<void> {
    await setImmediate()
    this.turn = performance.now()
  }

  private async start(): Promise<void> {
    await this.filter.settled
    if (this.failure !== undefined) throw this.failure as Error
    this.started = true
  }

  private async end(): Promise<void> {
    this.detach()
    this.filter.stop()
    await this.filter.settled
    await this.handle.close()
    this.ended = true
  }

  private closeOnAbort(signal: AbortSignal): void {
    // Weak, so that a long-lived signal does not keep a forgotten listener from being collected.
    const self = new WeakRef(this)
    const onAbort = () => self.deref()?.fail(new AbortError('listen', signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    this.detach = () => signal.removeEventListener('abort', onAbort)
  }
}

// Node 20.0–20.4 has no Symbol.asyncDispose.
if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(Listener.prototype, Symbol.asyncDispose, {
    value(this: Listener) {
      return this.close()
    },
  })
}
