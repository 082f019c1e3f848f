/** What filters a listener's events, and how that changes while they come. */
import { DirectorError, errnoName } from '../errors.js'
import { isNativeFailure, translate } from '../native.js'
import type { ListenerHandle } from '../native-conntrack.js'
import type { ConnectionOf } from './chunk.js'
import type { IpvsConnection } from './connection.js'
import { compileEventFilter, type FilterTable } from './event-filter.js'
import { explainConntrack } from './explain.js'
import type { EventFilter } from './filter-types.js'
import type { FlowEvent } from './types.js'

/** Keeps a filter in step with something else. */
export interface FilterFollower {
  /** Reads for the first time what it follows, and goes on doing so. Rejects where that cannot be read. */
  start(): Promise<void>
  /** The members that it adds to `filter` at this moment. */
  extend(filter: EventFilter): EventFilter
  connection(event: FlowEvent): IpvsConnection | undefined
  stop(): void
}

/** What a follower tells of changes. */
export interface FollowingFilter {
  /** What is followed has changed. */
  refresh(): Promise<void>
  /** It cannot be read any more: ends the listener. */
  fail(error: unknown): void
}

/** Makes a follower of the virtual services in IPVS, which must not keep its filter from being collected. */
export type Follow = (filter: FollowingFilter) => FilterFollower

export class ListenerFilter implements FollowingFilter {
  private follower: FilterFollower | undefined
  /** One change at a time, in the order of the calls; never rejects. */
  private changes: Promise<void> = Promise.resolve()
  private stopped = false

  constructor(
    private readonly handle: ListenerHandle,
    /** Undefined: there is no filter, and there will be none. */
    private filter: EventFilter | undefined,
    private readonly follow: Follow,
    readonly fail: (error: unknown) => void,
  ) {}

  /** Names the connection of an event, where virtual services are followed. */
  get connectionOf(): ConnectionOf | undefined {
    const { follower } = this
    return follower && ((event) => follower.connection(event))
  }

  /** Resolves when all changes so far are in force, or refused. */
  get settled(): Promise<void> {
    return this.changes
  }

  /** What is demanded and refused ends the listener. */
  begin(filterKind: 'ebpf' | 'native' | undefined): void {
    const { filter } = this
    if (filter === undefined) return
    this.changes = (async () => {
      try {
        // Events wait in the socket meanwhile: no filter that is in force yet could tell which are meant.
        if (filter.services !== undefined) await this.change(filter)
        if (filterKind !== 'native') await this.startKernelFilter(filterKind === 'ebpf')
      } catch (error) {
        this.fail(error)
      }
    })()
  }

  async set(filter: EventFilter): Promise<void> {
    if (this.filter === undefined) {
      throw new DirectorError('this listener was opened without a filter; open it with filter: {}', {
        code: 'ERR_INVALID_STATE',
        operation: 'setFilter',
      })
    }
    const compiled = compileEventFilter(filter)
    await this.inTurn(() => this.change(filter, compiled))
  }

  async refresh(): Promise<void> {
    await this.inTurn(async () => {
      if (this.filter !== undefined && this.follower !== undefined)
        await this.apply(compileEventFilter(this.follower.extend(this.filter)))
    })
  }

  /** Follows nothing any more. */
  stop(): void {
    this.stopped = true
    this.follower?.stop()
  }

  private inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.changes.then(change)
    this.changes = done.catch(() => undefined)
    return done
  }

  /** Changes over to another filter, with all that belongs to it; or leaves everything as it was, and rejects. */
  private async change(filter: EventFilter, compiled = compileEventFilter(filter)): Promise<void> {
    if (this.stopped) return
    const { follower: before } = this
    const follower = filter.services === undefined ? undefined : (before ?? this.follow(this))
    try {
      if (follower !== before) await follower?.start()
      await this.apply(follower === undefined ? compiled : compileEventFilter(follower.extend(filter)))
    } catch (error) {
      if (follower !== before) follower?.stop()
      throw error
    }
    if (follower !== before) before?.stop()
    if (this.stopped) follower?.stop()
    this.filter = filter
    this.follower = follower
  }

  private async apply({ conditions, rows }: FilterTable): Promise<void> {
    try {
      await this.handle.setFilter(conditions, rows)
    } catch (error) {
      throw translate(error)
    }
  }

  private async startKernelFilter(demanded: boolean): Promise<void> {
    try {
      await this.handle.startKernelFilter()
    } catch (error) {
      if (demanded || !isRefusal(error)) throw explainConntrack('listen')(error)
    }
  }
}

/** bpf(2) is not permitted, or not in this kernel; anything else would go wrong everywhere and must be heard of. */
function isRefusal(error: unknown): boolean {
  return isNativeFailure(error) && ['EPERM', 'EACCES', 'ENOSYS'].includes(errnoName(error.number))
}
