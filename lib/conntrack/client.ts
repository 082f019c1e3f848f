/** `kernel.conntrack`: the connection tracking table of one network namespace, and its events. */
import { checkKeys, checkList } from '../check.js'
import { AbortError } from '../errors.js'
import { Listing } from '../listing.js'
import { native, type KernelHandle } from '../native.js'
import type { Sysctls } from '../sysctls.js'
import { explainConntrack } from './explain.js'
import type { FlowChange, FlowFilter, FlowKey, NewFlow } from './filter-types.js'
import { checkFamily, compileDeletion, compileFlowFilter } from './flow-filter.js'
import { IpvsFollower, type FollowedService } from './ipvs-follower.js'
import { nativeListenOptions, type ListenOptions } from './listen-options.js'
import { Listener } from './listener.js'
import type { FollowingFilter } from './listener-filter.js'
import { conntrackReader } from './rows.js'
import type { CpuStats, Expectation, Flow, FlowCount, FlowFamily } from './types.js'
import { changeRow, creationRow, keyRow } from './write-row.js'
import { writeRows, type FlowWriteReport } from './write.js'

/** What the client needs of the kernel that it belongs to. */
export interface ConntrackHost {
  /** The open handle; throws ERR_CLOSED after close(). */
  handle(): KernelHandle
  readonly sysctls: Sysctls
  /** The virtual services, for listeners that follow them. */
  followedServices(): Promise<readonly FollowedService[]>
}

export interface FlowDeletion {
  /** Flows that were deleted. */
  readonly deleted: number
  /** Flows that ended by themselves after they were listed. */
  readonly gone: number
  /**
   * True when the kernel chose them in one go: then `deleted` is how many matched right before. Otherwise they were
   * listed and deleted one by one, and `deleted` is exact.
   */
  readonly inKernel: boolean
}

/** Which conditions of a filter the running kernel honours when it deletes by itself. */
export interface FlowDeletionCapabilities {
  readonly family: boolean
  readonly mark: boolean
  readonly status: boolean
  readonly zone: boolean
  /** Protocol, addresses and ports. */
  readonly tuple: boolean
}

/** A setting of the namespace that was to be on. */
export interface SettingReport {
  readonly sysctl: string
  /** True when it was off before this call. It holds for flows that begin from now on. */
  readonly changed: boolean
}

/** The virtual server table has no events: changes by others are seen after this long, our own at once. */
const FOLLOW_INTERVAL_MS = 1000
/** The kernel keeps a closed TCP connection for two minutes, a silent UDP flow for three at most. */
const LINGER_MS = 5 * 60 * 1000

export class Conntrack {
  // Weak: a listener that nobody refers to closes itself.
  private readonly listeners = new Set<WeakRef<Listener>>()
  private readonly followers = new Set<WeakRef<IpvsFollower>>()

  /** @internal A kernel makes its own. */
  constructor(private readonly host: ConntrackHost) {}

  /**
   * Hears events, from the return of this call on. Each chunk is a stretch of the stream; `for (const event of chunk)`
   * gives objects. Nothing is lost silently: what the kernel had to drop comes as a chunk of type `'lost'` with the exact
   * count. conntrack -E.
   *
   * Errors, thrown: `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`, `EPERM`. Where `filterKind: 'ebpf'` is asked for and the kernel
   * refuses, `ready` and `next()` reject with `ERR_UNSUPPORTED_FEATURE`.
   */
  listen(options: ListenOptions = {}): Listener {
    const nativeOptions = nativeListenOptions(options)
    const { filter, signal } = options
    if (signal?.aborted === true) throw new AbortError('listen', signal.reason)
    let listener: Listener
    try {
      const { ListenerHandle } = native().conntrack
      listener = new Listener(
        new ListenerHandle(this.host.handle(), nativeOptions),
        filter,
        options.filterKind,
        (following) => this.follow(following),
        signal,
      )
    } catch (error) {
      throw explainConntrack('listen')(error)
    }
    remember(this.listeners, listener)
    return listener
  }

  /** The flows that match, or all: awaitable, or to be iterated. What the kernel can filter, it does. conntrack -L. */
  flows(filter: FlowFilter = {}): Listing<Flow> {
    const row = compileFlowFilter(filter)
    const reader = conntrackReader()
    return new Listing({
      operation: 'flows',
      open: async () => native().conntrack.flows(this.host.handle(), row),
      decode: (view, offset) => reader.flowAt(view, new Uint8Array(view.buffer), offset),
      explain: explainConntrack('flows'),
    })
  }

  /** One flow by its original direction, or undefined where there is none in that zone. conntrack -G. */
  async get(key: FlowKey): Promise<Flow | undefined> {
    const row = keyRow(key)
    const rows = await this.ask('get', (handle) => native().conntrack.get(handle, row))
    if (rows.byteLength === 0) return undefined
    const flow = conntrackReader().flowAt(new DataView(rows), new Uint8Array(rows), 0)
    // The kernel compares ids only when it deletes.
    return key.id === undefined || key.id === flow.id ? flow : undefined
  }

  /** Makes an entry. `EEXIST` when there is one. conntrack -I. */
  async create(flow: NewFlow): Promise<void> {
    await this.writeOne('create', creationRow(flow))
  }

  /** Makes many, in large datagrams; one that is refused does not keep the others from being made. */
  async createAll(flows: readonly NewFlow[]): Promise<FlowWriteReport> {
    checkList(flows, 'flows', 'a list of flows')
    const rows = flows.map((flow, index) => creationRow(flow, `flows[${index}]`))
    return this.ask('create', (handle) => writeRows(handle, 'create', rows))
  }

  /** Changes mark, timeout, status, labels, TCP state or helper. `ENOENT` when there is no such flow. conntrack -U. */
  async update(key: Omit<FlowKey, 'id'>, change: FlowChange): Promise<void> {
    await this.writeOne('update', changeRow(key, change))
  }

  /**
   * Deletes the flows that match, and no other: in the kernel where this one is known to honour every condition (tried
   * once in a namespace of its own), otherwise by listing them and deleting each with its zone and id. There has to be
   * a condition; flush() deletes all. Where the kernel refuses to let a flow go, the others go all the same, and the error
   * says how many. conntrack -D.
   */
  async delete(filter: FlowFilter): Promise<FlowDeletion> {
    return this.deleteRow(compileDeletion(filter))
  }

  /** Empties the table, or one family's part of it and nothing else. conntrack -F. */
  async flush(options: { readonly family?: FlowFamily } = {}): Promise<FlowDeletion> {
    checkKeys(options, 'options', ['family'])
    const { family } = options
    if (family !== undefined) checkFamily(family, 'options.family')
    return this.deleteRow(compileFlowFilter(family === undefined ? {} : { family }))
  }

  /** How many entries there are, and may be. conntrack -C. */
  count(): Promise<FlowCount> {
    return this.ask('count', (handle) => native().conntrack.count(handle))
  }

  /** Counters of each processor. conntrack -S. */
  async stats(): Promise<CpuStats[]> {
    const rows = await this.ask('stats', (handle) => native().conntrack.cpuStats(handle))
    const reader = conntrackReader()
    const view = new DataView(rows)
    return Array.from({ length: rows.byteLength / reader.cpuStatsSize }, (_, index) =>
      reader.cpuStats(view, index * reader.cpuStatsSize),
    )
  }

  /** What helpers wait for. conntrack -L expect. */
  async expectations(): Promise<Expectation[]> {
    const rows = await this.ask('expectations', (handle) => native().conntrack.expectations(handle))
    const reader = conntrackReader()
    const view = new DataView(rows)
    const bytes = new Uint8Array(rows)
    return Array.from({ length: rows.byteLength / reader.expectationSize }, (_, index) =>
      reader.expectationAt(view, bytes, index * reader.expectationSize),
    )
  }

  /** What `delete()` can leave to the running kernel. */
  deletionCapabilities(): Promise<FlowDeletionCapabilities> {
    return this.ask('delete', (handle) => native().conntrack.deletes(handle))
  }

  /** Has the kernel count packets and bytes of each flow (`net.netfilter.nf_conntrack_acct`), and says if that is new. */
  enableAccounting(): Promise<SettingReport> {
    return this.switchOn('net.netfilter.nf_conntrack_acct')
  }

  /** Has the kernel note when each flow began and ended (`net.netfilter.nf_conntrack_timestamp`). */
  enableTimestamps(): Promise<SettingReport> {
    return this.switchOn('net.netfilter.nf_conntrack_timestamp')
  }

  /** @internal The virtual server table may have changed. */
  async servicesChanged(): Promise<void> {
    await Promise.all(living(this.followers).map((follower) => follower.refresh()))
  }

  /** @internal The kernel is being closed. */
  async close(): Promise<void> {
    await Promise.all(living(this.listeners).map((listener) => listener.close()))
  }

  private deleteRow(row: Uint8Array): Promise<FlowDeletion> {
    return this.ask('delete', (handle) => native().conntrack.delete(handle, row))
  }

  private follow(filter: FollowingFilter): IpvsFollower {
    const follower = new IpvsFollower(filter, {
      read: () => this.host.followedServices(),
      intervalMs: FOLLOW_INTERVAL_MS,
      lingerMs: LINGER_MS,
    })
    remember(this.followers, follower)
    return follower
  }

  private async switchOn(sysctl: string): Promise<SettingReport> {
    if ((await this.host.sysctls.get(sysctl)) === '1') return { sysctl, changed: false }
    await this.host.sysctls.set(sysctl, 1)
    return { sysctl, changed: true }
  }

  private async writeOne(operation: 'create' | 'update', row: Uint8Array): Promise<void> {
    const { failed } = await this.ask(operation, (handle) => writeRows(handle, operation, [row]))
    if (failed[0] !== undefined) throw failed[0].error
  }

  private async ask<T>(operation: string, call: (handle: KernelHandle) => Promise<T>): Promise<T> {
    const handle = this.host.handle()
    try {
      return await call(handle)
    } catch (error) {
      throw explainConntrack(operation)(error)
    }
  }
}

function remember<T extends object>(set: Set<WeakRef<T>>, value: T): void {
  for (const one of set) if (one.deref() === undefined) set.delete(one)
  set.add(new WeakRef(value))
}

function living<T extends object>(set: Set<WeakRef<T>>): T[] {
  return [...set].map((one) => one.deref()).filter((value) => value !== undefined)
}
