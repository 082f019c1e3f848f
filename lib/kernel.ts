/** `openKernel()`: one network namespace of the running kernel, and the rooms that work on it. */
import type { Batch } from './batch.js'
import {
  readCapabilities,
  readForwarding,
  type Capabilities,
  type CapabilityProbes,
  type ForwardingCapabilities,
} from './capabilities.js'
import { commit, type CommitOptions, type CommitReport } from './commit.js'
import { Conntrack } from './conntrack/client.js'
import type { FollowedService } from './conntrack/ipvs-follower.js'
import { checkKeys } from './check.js'
import { DirectorError, errnoName, InvalidArgumentError, NetlinkError, show } from './errors.js'
import { Sets } from './ipset/client.js'
import { loadLibipset } from './ipset/libipset.js'
import { SetUndoLog } from './ipset/undo.js'
import { Ipvs } from './ipvs/client.js'
import { explainIpvs } from './ipvs/explain.js'
import { priorState } from './ipvs/prior.js'
import { probeSchedulers } from './ipvs/schedulers.js'
import { IpvsUndoLog } from './ipvs/undo.js'
import { Links } from './link/client.js'
import { AddressUndoLog } from './link/undo.js'
import { native, translate, type KernelHandle, type NativeFailure } from './native.js'
import type { UndoLogs } from './run.js'
import { Sysctls } from './sysctls.js'

export interface KernelOptions {
  /** Path of a network namespace (`/run/netns/blue`, `/proc/1/ns/net`). @default the caller's own */
  readonly netns?: string
}

/**
 * Opens the kernel. Nothing is asked of it yet: `capabilities()` tells what it has, and each room says what it misses.
 *
 * Errors: `ERR_UNSUPPORTED_PLATFORM`, `ERR_ADDON_LOAD`, `ERR_INVALID_ARGUMENT`; `ENOENT`, `EACCES` or `EINVAL` for a path
 * that is no network namespace.
 */
// Async, so that whatever goes wrong arrives in one way: as a rejection.
export async function openKernel(options: KernelOptions = {}): Promise<Kernel> {
  checkKeys(options, 'options', ['netns'])
  const { netns } = options
  if (netns !== undefined && (typeof netns !== 'string' || netns === '' || netns.includes('\0'))) {
    throw new InvalidArgumentError('netns', netns, 'the path of a network namespace')
  }
  const { KernelHandle } = native()
  try {
    return new Kernel(netns === undefined ? new KernelHandle() : new KernelHandle(netns), netns)
  } catch (error) {
    throw translate(error, (failure) => explainOpen(failure, netns))
  }
}

function explainOpen({ number }: NativeFailure, netns = ''): NetlinkError | undefined {
  const code = errnoName(number)
  const problem = whyNotOpened(code, netns)
  if (problem === undefined) return undefined
  const message = `open network namespace: ${problem} (${code})`
  return new NetlinkError(message, { code, errno: number, operation: 'openKernel' })
}

function whyNotOpened(code: string, netns: string): string | undefined {
  const shown = show(netns)
  if (code === 'EINVAL') return `${shown} is no network namespace`
  if (code === 'EPERM') return `to enter ${shown} takes CAP_SYS_ADMIN`
  if (code !== 'ENOENT') return undefined
  // The name that `ip netns` knows a namespace by is not its path.
  if (!netns.includes('/')) return `there is no ${shown} here; a path is wanted, such as /run/netns/${netns}`
  return `there is no ${shown}; 'ip netns list' names those under /run/netns, 'ip netns add NAME' makes one`
}

/**
 * An open kernel. Commits run one after the other, in the order of the calls; everything else, a director's changes too,
 * runs beside them. All work is done off the event loop. Usable in worker threads; close it (or let it be collected) before the thread ends
 * or not: both are safe.
 */
export class Kernel {
  readonly ipvs: Ipvs
  readonly links: Links
  readonly sysctls: Sysctls
  readonly sets: Sets
  readonly conntrack: Conntrack
  /** `await using kernel = await openKernel()`: closes. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  private open: KernelHandle | undefined
  private queue: Promise<unknown> = Promise.resolve()
  private readonly beside = new Set<Promise<unknown>>()
  private readonly undoLogs: UndoLogs

  /** @internal use {@link openKernel} */
  constructor(handle: KernelHandle, netns?: string) {
    this.open = handle
    this.sysctls = new Sysctls({ handle: () => this.handle() })
    const host = {
      handle: () => this.handle(),
      commit: (batch: Batch, options?: CommitOptions) => this.enqueue(batch, options),
      sysctls: this.sysctls,
    }
    this.ipvs = new Ipvs(host)
    this.links = new Links(host)
    this.undoLogs = {
      ipvs: () => new IpvsUndoLog(priorState(() => this.handle())),
      addresses: () => new AddressUndoLog(() => this.links.addresses()),
      sets: () => new SetUndoLog((name) => this.sets.entries(name).toArray().catch(noneWithoutSet)),
    }
    this.sets = new Sets({ ...host, netns })
    this.conntrack = new Conntrack({ ...host, followedServices: () => followedServices(this.ipvs) })
  }

  /**
   * Sends a batch, many operations a datagram. Resolves also when operations were refused: look at `failed`.
   * Rejects when nothing could be sent (the kernel lacks a subsystem …), with `ABORT_ERR`, or with `ERR_CLOSED`.
   */
  async commit(batch: Batch, options: CommitOptions = {}): Promise<CommitReport> {
    checkKeys(options, 'options', ['onError', 'signal'])
    return this.enqueue(batch, options)
  }

  // The rooms' own options, which stand beside those of a commit, are none of its business.
  private enqueue(batch: Batch, options: CommitOptions = {}): Promise<CommitReport> {
    const done = this.queue.then(() => this.send(batch, options))
    // The next in the queue does not care how this one ended.
    this.queue = done.catch(() => undefined)
    return done
  }

  /** @internal A commit outside of the queue, for a caller who sees to the order of several at a time. */
  commitBeside(batch: Batch, options: CommitOptions = {}): Promise<CommitReport> {
    const done = this.send(batch, options).finally(() => this.beside.delete(done))
    this.beside.add(done)
    return done
  }

  private async send(batch: Batch, options: CommitOptions): Promise<CommitReport> {
    const report = await commit(this.handle(), batch, options, this.undoLogs)
    // Whoever listens to the virtual services hears the connections of new ones from here on.
    if (report.applied > 0) await this.conntrack.servicesChanged()
    return report
  }

  /**
   * What this kernel, this process and this machine have, what they lack, and how to get it. Changes nothing and runs no
   * program; asking may make the kernel load modules of its own.
   */
  async capabilities(): Promise<Capabilities> {
    this.handle()
    return readCapabilities(this.probes())
  }

  /** @internal The part of {@link capabilities} that a director asks for, about the schedulers of its services. */
  async forwardingCapabilities(schedulers: readonly string[]): Promise<ForwardingCapabilities> {
    return readForwarding(this.probes(schedulers))
  }

  /**
   * @internal A TCP socket in this namespace, bound and not listening yet: its descriptor, for `server.listen()`. Node.js
   * makes sockets in its own namespace only. `EADDRINUSE`, `EADDRNOTAVAIL`; without an address, on all of them.
   */
  async bindPort(port: number, address?: string): Promise<number> {
    const bind = (at: string): Promise<number> => this.handle().bindPort(at, port).catch(rethrow(translate))
    if (address !== undefined) return bind(address)
    return bind('::').catch((error: unknown) => {
      // As Node.js does where the kernel has no IPv6, or has switched it off.
      if (DirectorError.is(error) && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code))
        return bind('0.0.0.0')
      throw error
    })
  }

  private probes(schedulers?: readonly string[]): CapabilityProbes {
    return {
      ipvs: async () => `version ${(await this.ipvs.info()).version}`,
      schedulers: () =>
        probeSchedulers(this.handle(), schedulers).catch(rethrow(explainIpvs('capabilities'))),
      setTypes: () => this.sets.types(),
      libipset: () => `version ${loadLibipset().version}`,
      sysctl: (name) => this.sysctls.get(name),
      knowsLinkKind: (kind) => native().route.knowsKind(this.handle(), kind).catch(rethrow(translate)),
    }
  }

  /** Waits for commits under way, ends replacements of sets, then closes listeners and sockets. May be called again. */
  async close(): Promise<void> {
    await Promise.allSettled([this.queue, ...this.beside])
    await this.conntrack.close()
    const { open } = this
    this.open = undefined
    await this.sets.close()
    open?.close()
  }

  private handle(): KernelHandle {
    if (this.open === undefined) throw new DirectorError('the kernel is closed', { code: 'ERR_CLOSED' })
    return this.open
  }
}

// Node 20.0–20.4 has no Symbol.asyncDispose.
if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(Kernel.prototype, Symbol.asyncDispose, {
    value(this: Kernel) {
      return this.close()
    },
  })
}

function rethrow(explain: (error: unknown) => unknown) {
  return (error: unknown): never => {
    throw explain(error)
  }
}

function noneWithoutSet(error: unknown): undefined {
  if (error instanceof DirectorError && error.code === 'ENOENT') return undefined
  throw error
}

/** Services by firewall mark have no address to tell their connections by: there the servers do. */
async function followedServices(ipvs: Ipvs): Promise<FollowedService[]> {
  const followed: FollowedService[] = []
  for (const service of await ipvs.services()) {
    if ('fwmark' in service) {
      const { fwmark, family } = service
      const servers = await ipvs.servers({ fwmark, family })
      followed.push({
        key: { fwmark, family },
        servers: servers.map(({ address, port }) => ({ address, port })),
      })
    } else {
      const { protocol, address, port } = service
      followed.push({ key: { protocol, address, port }, servers: [] })
    }
  }
  return followed
}
