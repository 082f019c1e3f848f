/** `kernel.links`: the links of one network namespace and their addresses. */
import { Batch } from '../batch.js'
import { checkChoice, checkKeys } from '../check.js'
import type { CommitOptions, CommitReport } from '../commit.js'
import { DirectorError } from '../errors.js'
import { native, translate, type KernelHandle } from '../native.js'
import type { Sysctls } from '../sysctls.js'
import { inTurns } from '../turns.js'
import { defaultRouteLink } from './default-route.js'
import { explainCreation, explainLink } from './explain.js'
import { rowReader } from './rows.js'
import type { AddressOptions, Link, LinkAddress } from './types.js'
import { checkLinkName } from './validate.js'

/** What the client needs of the kernel that it belongs to. */
export interface LinksHost {
  /** The open handle; throws ERR_CLOSED after close(). */
  handle(): KernelHandle
  commit(batch: Batch, options?: CommitOptions): Promise<CommitReport>
  readonly sysctls: Sysctls
}

export interface CreateDummyOptions {
  /** Switch it on at once. @default false */
  readonly up?: boolean
  /**
   * What to do when there is a link of that name. `'fail'`: `EEXIST`. `'keep'`: fine when it is a dummy link (it is
   * switched on where `up` asks for it, never off), otherwise `EEXIST`. @default 'fail'
   */
  readonly ifExists?: 'fail' | 'keep'
}

export interface RemoveLinkOptions {
  /** What to do when there is no such link: `ENODEV`, or nothing. @default 'fail' */
  readonly ifMissing?: 'fail' | 'ignore'
}

export class Links {
  constructor(private readonly host: LinksHost) {}

  /** The sysctls of the namespace; the same as `kernel.sysctls`. */
  get sysctls(): Sysctls {
    return this.host.sysctls
  }

  /**
   * Makes a dummy link, which carries addresses that the director answers for. `ip link add NAME type dummy`.
   * `ERR_UNSUPPORTED_FEATURE` where the kernel has no dummy links; `EPERM` without CAP_NET_ADMIN in the namespace.
   */
  async createDummy(name: string, options: CreateDummyOptions = {}): Promise<Link> {
    checkLinkName(name, 'name')
    checkKeys(options, 'options', ['up', 'ifExists'])
    const { up = false } = options
    const keep = checkChoice(options.ifExists ?? 'fail', 'options.ifExists', ['fail', 'keep']) === 'keep'
    try {
      await native().route.createLink(this.host.handle(), name, 'dummy', up)
    } catch (error) {
      const explained = explainCreation(name)(error)
      if (!keep || !isCode(explained, 'EEXIST')) throw explained
      return this.keepDummy(name, up, explained)
    }
    return this.get(name)
  }

  /**
   * Removes a link with its addresses. `ip link del NAME`. Resolves to whether there was one. `ENODEV` when there is
   * none; `ENOTSUP` for links that cannot be removed (hardware, `lo`).
   */
  async remove(name: string, options: RemoveLinkOptions = {}): Promise<boolean> {
    checkLinkName(name, 'name')
    checkKeys(options, 'options', ['ifMissing'])
    const ignore =
      checkChoice(options.ifMissing ?? 'fail', 'options.ifMissing', ['fail', 'ignore']) === 'ignore'
    try {
      await native().route.removeLink(this.host.handle(), name)
      return true
    } catch (error) {
      const explained = explainLink('remove', name)(error)
      if (ignore && isCode(explained, 'ENODEV')) return false
      throw explained
    }
  }

  /** Switches a link on (IFF_UP); fine when it is on. `ip link set NAME up`. `ENODEV` when there is none. */
  setUp(name: string): Promise<void> {
    return this.set(name, true)
  }

  /** Switches a link off; its IPv6 addresses go with that (see `net.ipv6.conf.*.keep_addr_on_down`). `ip link set NAME down`. */
  setDown(name: string): Promise<void> {
    return this.set(name, false)
  }

  /** All links, by index. `ip link`. */
  async list(): Promise<Link[]> {
    return rowReader().links(await this.ask('list', (handle) => native().route.links(handle)))
  }

  /** One link. `ENODEV` when there is none. */
  async get(name: string): Promise<Link> {
    checkLinkName(name, 'name')
    const rows = await this.ask('get', (handle) => native().route.links(handle, name), name)
    return rowReader().links(rows)[0] as Link
  }

  /** The addresses of one link (`ENODEV` when there is none), or of all. `ip address`. */
  async addresses(name?: string): Promise<LinkAddress[]> {
    if (name !== undefined) checkLinkName(name, 'name')
    const rows = await this.ask('addresses', (handle) => native().route.addresses(handle, name), name)
    return inTurns(rowReader().addresses(rows))
  }

  /** Name of the link that the default route of the family leaves by; `undefined` where there is none. `ip route`. */
  defaultRoute(family: 'inet' | 'inet6'): Promise<string | undefined> {
    return defaultRouteLink(this.host.handle(), checkChoice(family, 'family', ['inet', 'inet6']))
  }

  /** See {@link Batch.addAddress}. Rejects with the error of the refusal. For many, commit a Batch. */
  addAddress(link: string, address: string | AddressOptions): Promise<void> {
    return this.one((batch) => batch.addAddress(link, address))
  }

  /** See {@link Batch.removeAddress}. Rejects with the error of the refusal. For many, commit a Batch. */
  removeAddress(link: string, address: string | AddressOptions): Promise<void> {
    return this.one((batch) => batch.removeAddress(link, address))
  }

  private async keepDummy(name: string, up: boolean, conflict: unknown): Promise<Link> {
    const existing = await this.get(name)
    if (existing.kind !== 'dummy') throw conflict
    if (!up || existing.up) return existing
    await this.setUp(name)
    return this.get(name)
  }

  private async set(name: string, up: boolean): Promise<void> {
    checkLinkName(name, 'name')
    await this.ask(up ? 'setUp' : 'setDown', (handle) => native().route.setLink(handle, name, up), name)
  }

  private async ask<T>(
    operation: string,
    call: (handle: KernelHandle) => Promise<T>,
    link?: string,
  ): Promise<T> {
    try {
      return await call(this.host.handle())
    } catch (error) {
      throw link === undefined ? translate(error) : explainLink(operation, link)(error)
    }
  }

  private async one(append: (batch: Batch) => Batch): Promise<void> {
    const { failed } = await this.host.commit(append(new Batch()))
    if (failed[0] !== undefined) throw failed[0].error
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof DirectorError && error.code === code
}
