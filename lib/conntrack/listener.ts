/** `kernel.conntrack.listen()`: the stream of events. */
import { setImmediate } from 'node:timers/promises'

import { AbortError, DirectorError, errnoName } from '../errors.js'
import { isNativeFailure, translate } from '../native.js'
import type { ListenerHandle } from '../native-conntrack.js'
import { makeChunk, type ConnectionOf, type EventChunk } from './chunk.js'
import type { IpvsConnection } from './connection.js'
import { compileEventFilter, type FilterTable } from './event-filter.js'
import { explainConntrack } from './explain.js'
import type { EventFilter } from './filter-types.js'
import type { FlowEvent } from './types.js'

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

/** Keeps a filter in step with something else, and ends with the listener. */
export interface FilterFollower {
  /** The members that it adds to `filter` at this moment. */
  extend(filter: EventFilter): EventFilter
  /** Resolves when what it follows has been read once; chunks wait for it. */
  readonly ready: Promise<void>
  connection(event: FlowEvent): IpvsConnection | undefined
  stop(): void
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
  private follower: FilterFollower | undefined
  private connectionOf: ConnectionOf | undefined
  private changes: Promise<void> = Promise.resolve()
  private detach: () => void = () => undefined
  /** When this turn of the event loop was first seen, `performance.now()`. */
  private turn = 0

  /** @internal use `kernel.conntrack.listen()` */
  constructor(
    private readonly handle: ListenerHandle,
    private filter: EventFilter | undefined,
    filterKind: 'ebpf' | 'native' | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.receiveBufferBytes = handle.status().receiveBufferBytes
    if (filter !== undefined && filterKind !== 'native')
      this.changes = this.startKernelFilter(filterKind === 'ebpf')
    if (signal !== undefined) this.closeOnAbort(signal)
  }

  /**
   * Resolves when the filter is where it belongs, and a followed table has been read. Events are heard and filtered
   * before, too: in the reader, until the kernel has checked and loaded the program. Rejects with what ended the
   * listener.
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
        if (chunk !== null) return { done: false, value: makeChunk(chunk, this.connectionOf) }
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
   * system call however many services come and go. Resolves when the new filter is in force. A listener without a
   * filter cannot get one (`ERR_INVALID_STATE`): open it with `filter: {}`.
   *
   * Errors: `ERR_INVALID_ARGUMENT`; `E2BIG` when the filter has no room (`filterCapacity`), and then the old filter
   * stays in force.
   */
  async setFilter(filter: EventFilter): Promise<void> {
    if (this.filter === undefined) {
      throw new DirectorError('this listener was opened without a filter; open it with filter: {}', {
        code: 'ERR_INVALID_STATE',
        operation: 'setFilter',
      })
    }
    const table = compileEventFilter(this.follower?.extend(filter) ?? filter)
    this.filter = filter
    await this.apply(table)
  }

  /**
   * Hears nothing from here on; what has happened by now can still be taken, with the count of what was dropped.
   * Idempotent.
   */
  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  /** @internal */
  follow(follower: FilterFollower): void {
    this.follower = follower
    this.connectionOf = (event) => follower.connection(event)
  }

  /** @internal What is followed has changed. */
  async refresh(): Promise<void> {
    if (this.closing !== undefined || this.filter === undefined || this.follower === undefined) return
    await this.apply(compileEventFilter(this.follower.extend(this.filter)))
  }

  /** @internal */
  fail(error: unknown): void {
    this.failure ??= error
    void this.close()
  }

  private async nextTurn(): Promise<void> {
    await setImmediate()
    this.turn = performance.now()
  }

  private async start(): Promise<void> {
    await Promise.all([this.changes, this.follower?.ready])
    if (this.failure !== undefined) throw this.failure as Error
    this.started = true
  }

  // Never rejects: what is demanded and refused ends the listener.
  private async startKernelFilter(demanded: boolean): Promise<void> {
    try {
      await this.handle.startKernelFilter()
    } catch (error) {
      if (demanded || !isRefusal(error)) this.fail(explainConntrack('listen')(error))
    }
  }

  // One change at a time, in the order of the calls.
  private apply({ conditions, rows }: FilterTable): Promise<void> {
    const done = this.changes.then(() => this.handle.setFilter(conditions, rows))
    this.changes = done.catch(() => undefined)
    return done.catch((error: unknown) => {
      throw translate(error)
    })
  }

  private async end(): Promise<void> {
    this.detach()
    this.follower?.stop()
    await this.changes
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

/** bpf(2) is not permitted, or not in this kernel; anything else would go wrong everywhere and must be heard of. */
function isRefusal(error: unknown): boolean {
  return isNativeFailure(error) && ['EPERM', 'EACCES', 'ENOSYS'].includes(errnoName(error.number))
}

// Node 20.0–20.4 has no Symbol.asyncDispose.
if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(Listener.prototype, Symbol.asyncDispose, {
    value(this: Listener) {
      return this.close()
    },
  })
}
