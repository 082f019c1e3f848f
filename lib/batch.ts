/** An ordered list of changes to the kernel, of any mix, kept as packed rows until it is committed. */
import { checkChoice, checkKeys } from './check.js'
import { formatEntry } from './ipset/format.js'
import { checkText, type Target } from './ipset/packed-text.js'
import { EntryRun } from './ipset/run.js'
import type { Entry } from './ipset/types.js'
import { checkFlag, checkName } from './ipset/validate.js'
import { IpvsRun } from './ipvs/run.js'
import type { ServerColumns } from './ipvs/columns.js'
import { appendServers } from './ipvs/columns.js'
import type { OperationName, OperationTable } from './ipvs/operation-table.js'
import type { Server, ServerKey, Service, ServiceKey } from './ipvs/types.js'
import { AddressRun } from './link/run.js'
import type { AddressOptions } from './link/types.js'
import type { BatchRun } from './run.js'

export interface EntryOptions {
  /** An entry that is there already (to remove: is not there): a refusal, or nothing to speak of. @default 'error' */
  readonly exist?: 'error' | 'ignore'
  /** Take `'http'` for a port, by this machine's /etc/services. @default false */
  readonly serviceNames?: boolean
}

/** What the options say of each entry, checked. */
export function entryOptions({ exist = 'error', serviceNames }: EntryOptions): {
  exclusive: boolean
  serviceNames: boolean
} {
  checkChoice(exist, 'exist', ['error', 'ignore'])
  return { exclusive: exist === 'error', serviceNames: checkFlag(serviceNames, 'serviceNames') }
}

const none: EntryOptions = {}

function targetOptions(options: EntryOptions) {
  if (options !== none) checkKeys(options, 'options', ['exist', 'serviceNames'])
  return entryOptions(options)
}

/**
 * Operations are checked as they are added and throw `ERR_INVALID_ARGUMENT` (naming field, value and range) without
 * leaving a trace. Fields that a service or server has besides are passed over: the calls of `kernel.ipvs` for one
 * operation refuse them. `kernel.commit(batch)` sends them in order; a batch can be committed again.
 */
export class Batch {
  private readonly list: BatchRun[] = []
  // Operations of all runs but the last, the only one that grows.
  private settled = 0

  /** Number of operations. */
  get size(): number {
    return this.settled + (this.list.at(-1)?.size ?? 0)
  }

  /** @internal The operations in order, in stretches of one subsystem each. */
  get runs(): readonly BatchRun[] {
    // A run whose only operation was refused is empty.
    return this.list.filter((run) => run.size > 0)
  }

  /** IPVS_CMD_NEW_SERVICE; ipvsadm -A. Refused with `EEXIST` when it exists. */
  addService(service: Service): this {
    this.ipvs().addService('addService', service)
    return this
  }

  /** IPVS_CMD_SET_SERVICE; ipvsadm -E. Replaces the whole configuration: what is left out gets its default. */
  updateService(service: Service): this {
    this.ipvs().addService('updateService', service)
    return this
  }

  /** IPVS_CMD_DEL_SERVICE; ipvsadm -D. Its servers go with it. `ESRCH` when there is none. */
  removeService(key: ServiceKey): this {
    this.ipvs().removeService(key)
    return this
  }

  /** IPVS_CMD_NEW_DEST; ipvsadm -a. `ESRCH` without the service, `EEXIST` when it has this server. */
  addServer(service: ServiceKey, server: Server): this {
    this.ipvs().addServer('addServer', service, server)
    return this
  }

  /** Many servers of one service from typed arrays: the fastest way in. One operation a server. */
  addServers(service: ServiceKey, servers: ServerColumns): this {
    appendServers(this.ipvs(), service, servers)
    return this
  }

  /** IPVS_CMD_SET_DEST; ipvsadm -e. Replaces the whole configuration. `ENOENT` when the service has no such server. */
  updateServer(service: ServiceKey, server: Server): this {
    this.ipvs().addServer('updateServer', service, server)
    return this
  }

  /** IPVS_CMD_DEL_DEST; ipvsadm -d. `ENOENT` when the service has no such server. */
  removeServer(service: ServiceKey, server: ServerKey): this {
    this.ipvs().removeServer(service, server)
    return this
  }

  /** IPSET_CMD_ADD; ipset add. Text in ipset's syntax is checked when it is sent. See `sets.add` for the errors. */
  addEntry(set: string, entry: string | Entry, options: EntryOptions = none): this {
    return this.entry({ set, action: 'add', ...targetOptions(options) }, entry)
  }

  /** IPSET_CMD_DEL; ipset del. */
  removeEntry(set: string, entry: string | Entry, options: EntryOptions = none): this {
    return this.entry({ set, action: 'remove', ...targetOptions(options) }, entry)
  }

  /**
   * RTM_NEWADDR; ip address add. `address` is its text, with or without `/prefix-length` (default: 32 or 128), or an
   * object, which may be one that `addresses()` gave. Refused with `EEXIST` when the link has it, `ENODEV` without the
   * link, `EACCES` when IPv6 is switched off there. Links are looked up when the batch is committed.
   */
  addAddress(link: string, address: string | AddressOptions): this {
    this.run(AddressRun).operations.add('addAddress', link, address)
    return this
  }

  /**
   * RTM_DELADDR; ip address del. Address and prefix length must both fit. `EADDRNOTAVAIL` when the link has no such
   * address, `ENODEV` without the link.
   */
  removeAddress(link: string, address: string | AddressOptions): this {
    this.run(AddressRun).operations.add('removeAddress', link, address)
    return this
  }

  /** @internal A batch of one run that was made elsewhere. */
  static of(run: BatchRun): Batch {
    const batch = new Batch()
    if (run.size > 0) batch.list.push(run)
    return batch
  }

  /** @internal An operation from the configurations of rows, which the kernel made or this package checked before. */
  ipvsRow(name: OperationName, service: Uint8Array, server?: Uint8Array): void {
    this.ipvs().addRow(name, service, server)
  }

  /** @internal New entries of one set, in ipset's syntax; one that is there already is nothing to speak of. */
  addTexts(set: string, entries: string[]): void {
    const target = {
      set: checkName(set, 'set'),
      action: 'add',
      exclusive: false,
      serviceNames: false,
    } as const
    this.run(EntryRun).text.appendAll(target, entries)
  }

  private entry(target: Target, entry: string | Entry): this {
    checkName(target.set, 'set')
    const text = checkText(typeof entry === 'string' ? entry : formatEntry(entry))
    this.run(EntryRun).text.append(target, text)
    return this
  }

  private ipvs(): OperationTable {
    return this.run(IpvsRun).operations
  }

  // Consecutive operations of one subsystem share a run.
  private run<Run extends BatchRun>(type: new () => Run): Run {
    const last = this.list.at(-1)
    if (last instanceof type) return last
    this.settled += last?.size ?? 0
    const run = new type()
    this.list.push(run)
    return run
  }
}
