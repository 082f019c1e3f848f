/** `kernel.ipvs`: the virtual server table of one network namespace. */
import { constants } from 'node:fs'

import { checkInteger, checkKeys, checkObject } from '../check.js'
import { Batch } from '../batch.js'
import type { CommitOptions, CommitReport } from '../commit.js'
import { DirectorError, nameErrors } from '../errors.js'
import { Listing } from '../listing.js'
import { native, type KernelHandle } from '../native.js'
import { exists } from '../proc-file.js'
import type { Sysctls } from '../sysctls.js'
import { Connections, type ConnectionsOptions } from './connections.js'
import { daemonState, nativeDaemon } from './daemon.js'
import { explainIpvs, formatServiceKey } from './explain.js'
import { OperationTable } from './operation-table.js'
import { restore, type RestoreOptions, type RestoreReport } from './restore.js'
import { rowReader } from './rows.js'
import { formatSave, type SaveOptions } from './save-format.js'
import { inTurns } from '../turns.js'
import { sameTable, Snapshot } from './snapshot.js'
import { readStatistics, type IpvsStatistics } from './statistics.js'
import { IpvsSysctls } from './sysctls.js'
import type {
  IpvsInfo,
  Server,
  ServerKey,
  ServerState,
  Service,
  ServiceKey,
  ServiceState,
  SyncDaemon,
  SyncDaemonState,
  Timeouts,
} from './types.js'

/** What the client needs of the kernel that it belongs to. */
export interface IpvsHost {
  /** The open handle; throws ERR_CLOSED after close(). */
  handle(): KernelHandle
  commit(batch: Batch, options?: CommitOptions): Promise<CommitReport>
  readonly sysctls: Sysctls
}

export interface SnapshotOptions {
  /**
   * Read again until two readings agree (at most 10 times), since the kernel does not say when the table changed under
   * a dump. Otherwise `ERR_TABLE_UNSTABLE`, with the last reading as `snapshot`. @default false
   */
  readonly verified?: boolean
}

const MOST_READINGS = 10
const NO_SUCH_SERVICE = { ESRCH: 'no such virtual service' }

export class Ipvs {
  /** The `net.ipv4.vs.*` settings of the namespace, typed and checked. */
  readonly sysctls: IpvsSysctls

  /** @internal A kernel makes its own. */
  constructor(private readonly host: IpvsHost) {
    this.sysctls = new IpvsSysctls({ sysctls: host.sysctls, ready: () => this.ready() })
  }

  /** Version and size of the connection table (IPVS_CMD_GET_INFO). `ERR_UNSUPPORTED_FEATURE` without IPVS. */
  async info(): Promise<IpvsInfo> {
    const { version, connectionTableSize } = await this.ask('info', (handle) => native().ipvs.info(handle))
    return { version: [version >> 16, (version >> 8) & 255, version & 255].join('.'), connectionTableSize }
  }

  /** All virtual services, without their servers: awaitable, or to be iterated. ipvsadm -L. */
  services(): Listing<ServiceState> {
    const reader = rowReader()
    return new Listing({
      operation: 'services',
      open: async () => native().ipvs.dump(this.host.handle()),
      decode: (view, offset) => reader.serviceState(view, offset),
      explain: explainIpvs('services'),
    })
  }

  /** One service, or undefined where there is none. */
  async service(key: ServiceKey): Promise<ServiceState | undefined> {
    const row = OperationTable.keyRow(key)
    try {
      const rows = await this.ask('service', (handle) => native().ipvs.service(handle, row))
      return rowReader().serviceState(new DataView(rows), 0)
    } catch (error) {
      if (error instanceof DirectorError && error.code === 'ESRCH') return undefined
      throw error
    }
  }

  /**
   * The servers of one service. The kernel answers an unknown service with an empty dump, so that nothing here tells
   * "no servers" from "no service": ask `service(key)`.
   */
  servers(key: ServiceKey): Listing<ServerState> {
    const reader = rowReader()
    const row = OperationTable.keyRow(key)
    return new Listing({
      operation: 'servers',
      open: async () => native().ipvs.dump(this.host.handle(), row),
      decode: (view, offset) => reader.serverState(view, offset),
      explain: explainIpvs('servers'),
    })
  }

  /** The whole table in one go: the fastest way to read everything. ipvsadm -S. */
  async snapshot(options: SnapshotOptions = {}): Promise<Snapshot> {
    checkKeys(options, 'options', ['verified'])
    const { verified = false } = options
    const read = () => this.ask('snapshot', (handle) => native().ipvs.snapshot(handle))
    let last = await read()
    if (!verified) return new Snapshot(last)
    for (let reading = 2; reading <= MOST_READINGS; reading++) {
      const next = await read()
      if (await inTurns(sameTable(last, next))) return new Snapshot(next, true)
      last = next
    }
    throw new UnstableTableError(new Snapshot(last))
  }

  /**
   * See {@link Batch.addService}; so with the other five. Each rejects with the error of its refusal.
   */
  addService(service: Service): Promise<void> {
    return this.one((batch) => batch.addService(service))
  }
  updateService(service: Service): Promise<void> {
    return this.one((batch) => batch.updateService(service))
  }
  removeService(key: ServiceKey): Promise<void> {
    return this.one((batch) => batch.removeService(key))
  }
  addServer(service: ServiceKey, server: Server): Promise<void> {
    return this.one((batch) => batch.addServer(service, server))
  }
  updateServer(service: ServiceKey, server: Server): Promise<void> {
    return this.one((batch) => batch.updateServer(service, server))
  }
  removeServer(service: ServiceKey, server: ServerKey): Promise<void> {
    return this.one((batch) => batch.removeServer(service, server))
  }

  /** Removes all services and servers of the namespace (IPVS_CMD_FLUSH). ipvsadm -C. */
  async flush(): Promise<void> {
    await this.ask('flush', (handle) => native().ipvs.flush(handle))
  }

  /**
   * Sets the counters of one service and its servers, or of all, to zero (IPVS_CMD_ZERO). ipvsadm -Z. What the kernel has
   * counted and not yet added up, which it does every two seconds, appears afterwards.
   */
  async zero(key?: ServiceKey): Promise<void> {
    const row = key === undefined ? undefined : OperationTable.keyRow(key)
    const known = key && { ESRCH: `no such virtual service: ${formatServiceKey(key)}` }
    await this.ask('zero', (handle) => native().ipvs.zero(handle, row), known)
  }

  /** IPVS_CMD_GET_CONFIG; ipvsadm -L --timeout. */
  timeouts(): Promise<Timeouts> {
    return this.ask('timeouts', (handle) => native().ipvs.timeouts(handle))
  }

  /**
   * IPVS_CMD_SET_CONFIG; ipvsadm --set. What is left out, or 0, keeps its value.
   * Range: 0–21474836 seconds; a kernel that ticks faster than 100 Hz takes less (2147483 at 1000 Hz): `EINVAL`.
   */
  async setTimeouts(timeouts: Partial<Timeouts>): Promise<void> {
    checkKeys(timeouts, 'timeouts', ['tcpSeconds', 'tcpFinSeconds', 'udpSeconds'])
    const value = (name: keyof Timeouts) => checkInteger(timeouts[name] ?? 0, name, 0, 21474836)
    const [tcp, tcpFin, udp] = [value('tcpSeconds'), value('tcpFinSeconds'), value('udpSeconds')]
    await this.ask('setTimeouts', (handle) => native().ipvs.setTimeouts(handle, tcp, tcpFin, udp), {
      EINVAL: 'a timeout is longer than this kernel can count in ticks (INT_MAX / HZ seconds)',
    })
  }

  /** The running synchronisation daemons: none, one, or a master and a backup. ipvsadm -L --daemon. */
  async daemons(): Promise<SyncDaemonState[]> {
    const daemons = await this.ask('daemons', (handle) => native().ipvs.daemons(handle))
    return daemons.map(daemonState)
  }

  /** IPVS_CMD_NEW_DAEMON; ipvsadm --start-daemon. `EEXIST` when one of that state runs, `ENODEV` without the interface. */
  async startDaemon(daemon: SyncDaemon): Promise<void> {
    const request = nativeDaemon(daemon)
    await this.ask('startDaemon', (handle) => native().ipvs.startDaemon(handle, request), {
      EEXIST: `a ${daemon.state} daemon runs already`,
      ENODEV: `no interface '${daemon.interface}'`,
      EINVAL: 'the group is no multicast address, or the table has servers of mixed families',
    })
  }

  /** IPVS_CMD_DEL_DAEMON; ipvsadm --stop-daemon. `ESRCH` when none of that state runs. */
  async stopDaemon(daemon: Pick<SyncDaemon, 'state'> & Partial<SyncDaemon>): Promise<void> {
    checkObject(daemon, 'daemon')
    const request = nativeDaemon({ interface: 'any', ...daemon })
    await this.ask('stopDaemon', (handle) => native().ipvs.stopDaemon(handle, request), {
      ESRCH: `no ${daemon.state} daemon runs`,
    })
  }

  /**
   * The connections and persistence templates of the table (/proc/net/ip_vs_conn): awaitable, or to be iterated.
   * ipvsadm -L -c.
   */
  connections(options: ConnectionsOptions = {}): Connections {
    checkKeys(options, 'options', ['origin'])
    const { origin = false } = options
    return new Connections(() => this.openConnections(origin), origin)
  }

  private async openConnections(origin: boolean): Promise<number> {
    await this.ready()
    try {
      const path = origin ? '/proc/net/ip_vs_conn_sync' : '/proc/net/ip_vs_conn'
      return await this.host.handle().openFile(path, constants.O_RDONLY)
    } catch (error) {
      throw explainIpvs('connections')(error)
    }
  }

  /** The table as lines that {@link restore} and `ipvsadm -R` read; thresholds included, unlike `ipvsadm -S`. */
  async save(options?: SaveOptions): Promise<string> {
    return formatSave(await this.snapshot(), options)
  }

  /**
   * Carries out the lines of a saved table; see {@link parseRestore} for what may stand in them. Neighbouring lines go
   * to the kernel as one batch. `ERR_RESTORE_LINE` names the first line that is malformed or invalid, and then nothing
   * was sent; what the kernel refuses is in the report, line by line.
   */
  async restore(text: string, options: RestoreOptions = {}): Promise<RestoreReport> {
    return restore(text, this, (batch, how) => this.host.commit(batch, how), options)
  }

  /** The totals of the whole table, and what each CPU counted. /proc/net/ip_vs_stats_percpu. */
  async statistics(): Promise<IpvsStatistics> {
    await this.ready()
    return readStatistics(this.host.handle())
  }

  // What is read from /proc is not there before the module is; asking for the family makes the kernel load it.
  private async ready(): Promise<void> {
    if (!(await exists(this.host.handle(), '/proc/net/ip_vs'))) await this.info()
  }

  private async ask<T>(
    operation: string,
    call: (handle: KernelHandle) => Promise<T>,
    known: Readonly<Record<string, string>> = NO_SUCH_SERVICE,
  ): Promise<T> {
    try {
      return await call(this.host.handle())
    } catch (error) {
      throw explainIpvs(operation, known)(error)
    }
  }

  private async one(append: (batch: Batch) => Batch): Promise<void> {
    const { failed } = await this.host.commit(append(new Batch()))
    if (failed[0] !== undefined) throw failed[0].error
  }
}

/** `snapshot({ verified: true })` never saw the same table twice. */
export class UnstableTableError extends DirectorError {
  /** The last reading, unverified. */
  readonly snapshot: Snapshot

  constructor(snapshot: Snapshot) {
    super(`snapshot: the table kept changing while it was read (${MOST_READINGS} readings)`, {
      code: 'ERR_TABLE_UNSTABLE',
      operation: 'snapshot',
    })
    this.snapshot = snapshot
  }
}
nameErrors(UnstableTableError)
