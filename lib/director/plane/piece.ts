/** Changes on their way to the kernel: packed as one batch, in which a refusal finds back to the change it is about. */
import { Batch } from '../../batch.js'
import type { DirectorError } from '../../errors.js'
import type { EntryOperation } from '../../ipset/run.js'
import type { OperationName } from '../../ipvs/operation-table.js'
import type { Server } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import type { AddressOperation } from '../../link/address-table.js'
import type { AddServiceChange, Change } from '../state/changes.js'
import { serverOf } from '../state/single-changes.js'
import type { ChangeFailure } from '../sync/data-plane.js'

export type AddEntryChange = Extract<Change, { readonly type: 'addEntry' }>

/** Changes that are one operation of a batch each; new entries go together. */
type SingleChange = Extract<
  Change,
  { readonly type: OperationName | AddressOperation | Exclude<EntryOperation, 'addEntry'> }
>

export type BatchedChange = SingleChange | AddEntryChange

type Appenders = {
  readonly [Type in SingleChange['type']]: (
    batch: Batch,
    change: Extract<SingleChange, { readonly type: Type }>,
  ) => unknown
}

const appenders: Appenders = {
  addService: (batch, { service }) => batch.addService(service),
  updateService: (batch, { service }) => batch.updateService(service),
  removeService: (batch, { service }) => batch.removeService(service),
  addServer: (batch, { service, server }) => batch.addServer(service, server),
  updateServer: (batch, { service, server }) => batch.updateServer(service, server),
  removeServer: (batch, { service, server }) => batch.removeServer(service, server),
  removeEntry: (batch, { set, entry }) => batch.removeEntry(set, entry, { exist: 'ignore' }),
  addAddress: (batch, { link, address }) => batch.addAddress(link, address),
  removeAddress: (batch, { link, address }) => batch.removeAddress(link, address),
}

export function isBatched(change: Change): change is BatchedChange {
  return change.type === 'addEntry' || Object.hasOwn(appenders, change.type)
}

export class Piece {
  readonly #batch = new Batch()
  /** What each operation is about: a change, or the key of a server of the new service before it. */
  readonly #subjects: (BatchedChange | string)[] = []
  /** Refused before they were sent: what IPVS cannot express came through the checks of the input. */
  readonly #refused: ChangeFailure[] = []

  /** Operations so far. */
  get size(): number {
    return this.#subjects.length
  }

  /** False where it was refused. Servers of a new service are added each by itself. */
  add(change: SingleChange): boolean {
    try {
      append(this.#batch, change)
      this.#subjects.push(change)
      return true
    } catch (error) {
      this.#refused.push({ change, error: error as Error })
      return false
    }
  }

  /** New entries of one set. */
  addEntries(set: string, changes: readonly AddEntryChange[]): void {
    this.#batch.addTexts(
      set,
      changes.map(({ entry }) => entry),
    )
    for (const change of changes) this.#subjects.push(change)
  }

  /** Of the service that was added last. */
  addServerOf(change: AddServiceChange, serverKey: string, server: Server): void {
    try {
      this.#batch.addServer(change.service, server)
      this.#subjects.push(serverKey)
    } catch (error) {
      this.#refused.push({ change: serverOf(change, serverKey), error: error as Error })
    }
  }

  async send(kernel: Kernel): Promise<ChangeFailure[]> {
    const failures = [...this.#refused]
    const { failed } = await kernel.commitBeside(this.#batch, { onError: 'continue' })
    const absent = new Set<AddServiceChange>()
    for (const { index, error } of failed) {
      const { change, service } = this.#subjectOf(index)
      if (change.type === 'addService') absent.add(change)
      // Without its service a server cannot be there either: one reason is enough.
      const isKnown = service !== undefined && absent.has(service)
      if (!isKnown && !isAlreadySo(change, error)) failures.push({ change, error })
    }
    return failures
  }

  #subjectOf(index: number): { change: BatchedChange; service?: AddServiceChange } {
    const subject = this.#subjects[index]
    if (subject === undefined) throw new RangeError(`operation ${index} of ${this.size}`)
    if (typeof subject !== 'string') return { change: subject }
    let at = index
    while (typeof this.#subjects[at] === 'string') at--
    const service = this.#subjects[at] as AddServiceChange
    return { change: serverOf(service, subject), service }
  }
}

function append(batch: Batch, change: SingleChange): void {
  // The types do not know that a change and the appender of its type belong together.
  const appender = appenders[change.type] as (batch: Batch, change: SingleChange) => unknown
  appender(batch, change)
}

/** Refusals that say no more than that things are as they were to become. */
const alreadySo: Partial<Record<BatchedChange['type'], readonly string[]>> = {
  removeService: ['ESRCH'],
  removeServer: ['ESRCH', 'ENOENT'],
  removeEntry: ['ENOENT'],
  addAddress: ['EEXIST'],
  removeAddress: ['EADDRNOTAVAIL', 'ENODEV'],
}

function isAlreadySo(change: BatchedChange, error: DirectorError): boolean {
  return alreadySo[change.type]?.includes(error.code) === true
}
