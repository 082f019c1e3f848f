/** `kernel.sets`: the IP sets of one network namespace. */
import type { Batch } from '../batch.js'
import type { CommitOptions, CommitReport } from '../commit.js'
import { checkChoice, checkKeys } from '../check.js'
import { DirectorError, InvalidArgumentError } from '../errors.js'
import { native, type DumpHandle, type KernelHandle } from '../native.js'
import { besideHost } from './beside-host.js'
import { removeLeftovers } from './beside.js'
import { checkBusy, whileBusy, type BusyOptions } from './busy.js'
import { changeEntries, settle, targetOf, type ChangeOptions } from './change.js'
import { EntryListing } from './entry-listing.js'
import { explainSets } from './explain.js'
import { hasEntries } from './has.js'
import { KnownTypes } from './known-types.js'
import { restoreByLibipset } from './libipset-restore.js'
import { headerFor, headerState, typeNamed } from './options.js'
import { listOf, sendAhead } from './pack.js'
import type { Target } from './packed-text.js'
import { replaceEntries } from './replace.js'
import { Replacements } from './replacements.js'
import { restoreText, type SetRestoreOptions, type SetRestoreReport } from './restore.js'
import type { Entries, Entry, SetHeader, SetOptions, SetTypeInfo, SetTypeName } from './types.js'
import { syncEntries, type SyncReport } from './sync.js'
import { checkName, checkNewName, checkObject } from './validate.js'

/** What the client needs of the kernel that it belongs to. */
export interface SetsHost {
  /** The open handle; throws ERR_CLOSED after close(). */
  handle(): KernelHandle
  commit(batch: Batch, options?: CommitOptions): Promise<CommitReport>
  /** Path of its network namespace, where it is not the caller's own. */
  readonly netns: string | undefined
}

export interface CreateOptions {
  /** A set of the same name, type and options: an error, or as good as made. @default 'error' */
  readonly exist?: 'error' | 'ignore'
}

/** `onError` is always as `'stop'`: a replacement is whole or none. */
export interface ReplaceOptions extends Omit<ChangeOptions, 'onError'>, BusyOptions {}

const BUSY_OPTIONS = ['busyTimeoutMs']
const CHANGE_OPTIONS = ['exist', 'serviceNames', 'onError', 'signal']
const REPLACE_OPTIONS = ['exist', 'serviceNames', 'signal', ...BUSY_OPTIONS]
const RESTORE_OPTIONS = ['exist', 'serviceNames', 'signal']

// What numbers mean for a call; lib/ipset/kernel-errors.ts has what they mean in general.
const CREATE_ERRORS = {
  17: 'a set of that name exists, or has other options',
  4352: 'the range is not larger than one network of the netmask',
}
const SWAP_ERRORS = { 16: 'one of the sets is being listed' }

export class Sets {
  private readonly knownTypes: KnownTypes
  private readonly replacements = new Replacements()

  /** @internal */
  constructor(private readonly host: SetsHost) {
    this.knownTypes = new KnownTypes(() => host.handle())
  }

  /** @internal Ends replacements. After it the kernel has no handle any more to begin one with. */
  close(): Promise<void> {
    return this.replacements.close()
  }

  /** The set types of this kernel, with the revisions that it speaks (IPSET_CMD_TYPE). Asking makes it load modules. */
  async types(): Promise<SetTypeInfo[]> {
    return this.knownTypes.ask()
  }

  /**
   * Makes a set (IPSET_CMD_CREATE; ipset create). A header that was read can be given as options.
   *
   * Errors: `ERR_SET_TYPE`, `ERR_INVALID_ARGUMENT`, `ERR_UNSUPPORTED_FEATURE`; `EEXIST` when the name is taken.
   */
  async create(name: string, type: SetTypeName, options: SetOptions & CreateOptions = {}): Promise<void> {
    const { exist = 'error', ...setOptions } = checkObject(options, 'options')
    checkChoice(exist, 'exist', ['error', 'ignore'])
    checkNewName(name)
    await this.make('create', name, name, type, setOptions, exist === 'error')
  }

  /**
   * Destroys one set, or all (IPSET_CMD_DESTROY). `IPSET_ERR_BUSY` while a rule or a list names it, or to destroy all:
   * any of them. Nothing is destroyed then.
   */
  async destroy(name?: string, options: BusyOptions = {}): Promise<void> {
    if (name !== undefined) checkName(name)
    checkKeys(options, 'options', BUSY_OPTIONS)
    await whileBusy(options, () =>
      this.ask('destroy', name ?? '', (handle) => native().sets.destroy(handle, name)),
    )
  }

  /** Takes all entries out of one set, or of all (IPSET_CMD_FLUSH). */
  async flush(name?: string): Promise<void> {
    if (name !== undefined) checkName(name)
    await this.ask('flush', name ?? '', (handle) => native().sets.flush(handle, name))
  }

  /** Gives a set another name (IPSET_CMD_RENAME). `IPSET_ERR_REFERENCED` while a rule or a list names it. */
  async rename(from: string, to: string, options: BusyOptions = {}): Promise<void> {
    checkName(from, 'from')
    checkNewName(to, 'to')
    checkKeys(options, 'options', BUSY_OPTIONS)
    const known = { 4101: `there is a set '${to}' already` }
    await whileBusy(options, () =>
      this.ask('rename', from, (handle) => native().sets.rename(handle, from, to), known),
    )
  }

  /** Exchanges two sets of one type behind their names, at once for all rules (IPSET_CMD_SWAP). */
  async swap(one: string, other: string, options: BusyOptions = {}): Promise<void> {
    checkName(one, 'one')
    checkName(other, 'other')
    checkKeys(options, 'options', BUSY_OPTIONS)
    const known = { ...SWAP_ERRORS, 2: `there is no set '${one}'`, 4101: `there is no set '${other}'` }
    await whileBusy(options, () =>
      this.ask('swap', one, (handle) => native().sets.swap(handle, one, other), known),
    )
  }

  /**
   * Adds entries, many a message. Rejects with the error of the first that was refused (its `report` tells of the
   * others); with `onError: 'continue'` it goes on behind it, and resolves with what became of each.
   *
   * Errors: {@link SetEntryError} (`code` is the kernel's name: `'IPSET_ERR_EXIST'`, `'IPSET_ERR_HASH_FULL'` …),
   * {@link InvalidEntryError}, `ENOENT` without the set.
   */
  add(name: string, entries: Entries, options: ChangeOptions = {}): Promise<CommitReport> {
    return this.change('add', name, entries, options)
  }

  /** Removes entries; the counterpart of {@link add}. What an entry carries besides the element does not matter. */
  remove(name: string, entries: Entries, options: ChangeOptions = {}): Promise<CommitReport> {
    return this.change('remove', name, entries, options)
  }

  /** Whether the set matches an entry, or each of many (IPSET_CMD_TEST, many a datagram). */
  has(name: string, entry: string | Entry): Promise<boolean>
  has(name: string, entries: Iterable<string | Entry>): Promise<boolean[]>
  async has(name: string, entries: string | Entry | Iterable<string | Entry>): Promise<boolean | boolean[]> {
    checkName(name)
    const one = typeof entries !== 'object' || entries === null || !(Symbol.iterator in entries)
    const answers = await hasEntries(() => this.host.handle(), name, one ? [entries] : entries)
    return one ? (answers[0] ?? false) : answers
  }

  /** The headers of all sets (IPSET_CMD_LIST; ipset list -t). */
  async list(): Promise<SetHeader[]> {
    const headers = await this.ask('list', '', (handle) => native().sets.headers(handle))
    return headers.map(headerState)
  }

  /** One set's type, options and size. `ENOENT` without the set. */
  async header(name: string): Promise<SetHeader> {
    return headerState(await this.state('header', name))
  }

  /** A set's entries: awaitable, to be iterated, or in tables of rows. */
  entries(name: string): EntryListing {
    checkName(name)
    return new EntryListing({
      open: () => native().sets.entries(this.host.handle(), name),
      explain: explainSets('entries', name),
    })
  }

  /**
   * One set, or all, in the text of `ipset save`, byte for byte what the ipset tool prints (7.17, which does not mention
   * `forceadd`: `header` does).
   */
  async save(name?: string): Promise<string> {
    if (name !== undefined) checkName(name)
    const decoder = new TextDecoder()
    let text = ''
    for await (const lines of this.saved('save', name)) text += decoder.decode(lines)
    return text
  }

  /**
   * Gives the set exactly these entries, at once for all rules that name it: a set beside it is filled, swapped in, and
   * the old entries go. All or nothing: on any failure (also `signal`) the set is as it was. What a process left beside it
   * that was killed while it did the same is taken away.
   */
  async replace(name: string, entries: Entries, options: ReplaceOptions = {}): Promise<CommitReport> {
    checkName(name)
    checkKeys(options, 'options', REPLACE_OPTIONS)
    const busy = { busyTimeoutMs: checkBusy(options) }
    // The caller knows nothing of the set beside: reports and errors name the one that is replaced.
    const target = (beside: string) => ({ ...targetOf(beside, 'add', options), shownAs: name })
    const filling = { onError: 'stop', signal: options.signal } as const
    target(name)
    // Stays open until all replacements have ended.
    const handle = this.host.handle()
    return this.replacements.run((untilClosed) =>
      replaceEntries(
        {
          ...besideHost(() => handle, name, busy.busyTimeoutMs),
          header: () => this.header(name),
          create: (beside, { type, ...header }) => this.make('replace', name, beside, type, header, true),
          fill: (beside) => untilClosed(this.send(target(beside), entries, filling)),
          swap: (_, beside) =>
            whileBusy(busy, () =>
              this.ask('replace', name, (handle) => native().sets.swap(handle, name, beside), SWAP_ERRORS),
            ),
        },
        name,
      ),
    )
  }

  /**
   * Gives the set exactly these entries by changing only what differs: what is not wanted goes, then what is missing
   * comes, in one batch that is taken back where an entry is refused. Entries that stay keep their counters. Where more
   * differs than stays, in sets with timeouts and in lists it is a {@link replace}.
   *
   * Readers see the changes one by one, and what a range stands for, or a network in a set of addresses, is away for a
   * moment: where that matters, use {@link replace}.
   */
  async sync(
    name: string,
    entries: Entries,
    options: Omit<ReplaceOptions, 'exist'> = {},
  ): Promise<SyncReport> {
    checkName(name)
    checkKeys(options, 'options', REPLACE_OPTIONS)
    checkBusy(options)
    const { serviceNames } = targetOf(name, 'add', options)
    const { signal } = options
    const onError = 'rollback'
    await removeLeftovers(
      besideHost(() => this.host.handle(), name),
      name,
    )
    return syncEntries(
      {
        header: () => this.header(name),
        saved: () => this.saved('sync', name),
        canonical: (all) => this.canonical(name, all, serviceNames),
        commit: async (batch) => settle(await this.host.commit(batch, { onError, signal }), { onError }),
        replace: (_, all) => this.replace(name, all, { ...options, exist: 'ignore' }),
      },
      name,
      await listOf(entries),
      { exist: 'ignore', serviceNames },
    )
  }

  /**
   * Carries out what `ipset save` wrote, line by line; stops at the first line that is refused with a
   * {@link SetRestoreError}. Entries are parsed here and sent in bulk. From the first line on that this does not take
   * (`test`, `list`, old names, `'10.1'` for an address) the text is carried out by libipset, where that is installed.
   */
  async restore(text: string, options: SetRestoreOptions = {}): Promise<SetRestoreReport> {
    if (typeof text !== 'string') throw new InvalidArgumentError('text', text, 'text as ipset save writes it')
    checkKeys(options, 'options', RESTORE_OPTIONS)
    return restoreText(
      {
        commit: (batch, given) => this.host.commit(batch, given),
        create: (name, type, given) => this.create(name, type, given),
        flush: (name) => this.flush(name),
        destroy: (name) => this.destroy(name),
        rename: (from, to) => this.rename(from, to),
        swap: (one, other) => this.swap(one, other),
        libipset: (rest, line, given) => restoreByLibipset(rest, line, given, this.host.netns),
      },
      text,
      options,
    )
  }

  /** One set, or all, in whole lines of text. */
  private async *saved(operation: string, name?: string): AsyncGenerator<ArrayBuffer> {
    let dump: DumpHandle | undefined
    try {
      dump = native().sets.save(this.host.handle(), name)
      for (let more = true; more;) {
        const { rows, state } = await dump.next()
        yield rows
        more = state === 'more'
      }
    } catch (error) {
      throw explainSets(operation, name)(error)
    } finally {
      // A socket is too dear to be left to the garbage collector.
      dump?.close()
    }
  }

  private canonical(set: string, entries: Entries, serviceNames: boolean): AsyncGenerator<ArrayBuffer> {
    const target = { set, action: 'add', exclusive: false, serviceNames } as const
    return sendAhead(target, entries, (run) =>
      this.ask('sync', set, (handle) => native().sets.canonical(handle, run.text.bytes())),
    )
  }

  /** Makes the set `made`; errors are about the set `name`. */
  private async make(
    operation: string,
    name: string,
    made: string,
    type: SetTypeName,
    options: SetOptions,
    exclusive: boolean,
  ): Promise<void> {
    const nativeType = typeNamed(type)
    const header = headerFor(made, nativeType, await this.knownTypes.revision(nativeType), options)
    await this.ask(
      operation,
      name,
      (handle) => native().sets.create(handle, header, exclusive),
      CREATE_ERRORS,
      type,
    )
  }

  private names(): Promise<string[]> {
    return this.ask('names', '', (handle) => native().sets.names(handle))
  }

  private async state(operation: string, name: string) {
    checkName(name)
    const [state] = await this.ask(operation, name, (handle) => native().sets.headers(handle, name))
    if (state !== undefined) return state
    throw new DirectorError(`${operation} ${name}: the kernel's answer was empty`, {
      code: 'EBADMSG',
      operation,
    })
  }

  private async change(
    action: 'add' | 'remove',
    name: string,
    entries: Entries,
    options: ChangeOptions,
  ): Promise<CommitReport> {
    checkName(name)
    checkKeys(options, 'options', CHANGE_OPTIONS)
    const target = targetOf(name, action, options)
    // A set that is not there is one error, not one for each entry. Its header is asked for only then: to make one, the
    // kernel walks through the whole set.
    if (!(await this.names()).includes(name)) await this.state(action, name)
    return this.send(target, entries, options)
  }

  private async send(target: Target, entries: Entries, options: CommitOptions): Promise<CommitReport> {
    const { onError, signal } = options
    const commitOptions = { ...(onError && { onError }), signal }
    const commit = (batch: Batch, given: CommitOptions) => this.host.commit(batch, given)
    return settle(await changeEntries(commit, target, entries, commitOptions), options)
  }

  private async ask<T>(
    operation: string,
    about: string,
    call: (handle: KernelHandle) => Promise<T>,
    known: Readonly<Record<number, string>> = {},
    type?: SetTypeName,
  ): Promise<T> {
    try {
      return await call(this.host.handle())
    } catch (error) {
      throw explainSets(operation, about, known, type)(error)
    }
  }
}
