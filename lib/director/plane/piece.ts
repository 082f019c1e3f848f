/** Changes on their way to the kernel: packed as one batch, in which a refusal finds back to the change it is about. */
import { Batch } from '../../batch.js'
import type { DirectorError } from '../../errors.js'
import type { Server } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import type { AddServiceChange, Change } from '../state/changes.js'
import { serverOf } from '../state/single-changes.js'
import type { ChangeFailure } from '../sync/data-plane.js'

const batched = {
  addService: true,
  updateService: true,
  removeService: true,
  addServer: true,
  updateServer: true,
  removeServer: true,
  addEntry: true,
  removeEntry: true,
  addAddress: true,
  removeAddress: true,
} as const

export type BatchedChange = Extract<Change, { type: keyof typeof batched }>

export function isBatched(change: Change): change is BatchedChange {
  return Object.hasOwn(batched, change.type)
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
  add(change: BatchedChange): boolean {
    try {
      append(this.#batch, change)
      this.#subjects.push(change)
      return true
    } catch (error) {
      this.#refused.push({ change, error: error as Error })
      return false
    }
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
    const { failed } = await kernel.commit(this.#batch, { onError: 'continue' })
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

function append(batch: Batch, change: BatchedChange): void {
  switch (change.type) {
    case 'addService':
      batch.addService(change.service)
      break
    case 'updateService':
      batch.updateService(change.service)
      break
    case 'removeService':
      batch.removeService(change.service)
      break
    case 'addServer':
      batch.addServer(change.service, change.server)
      break
    case 'updateServer':
      batch.updateServer(change.service, change.server)
      break
    case 'removeServer':
      batch.removeServer(change.service, change.server)
      break
    case 'addEntry':
      batch.addEntry(change.set, change.entry, { exist: 'ignore' })
      break
    case 'removeEntry':
      batch.removeEntry(change.set, change.entry, { exist: 'ignore' })
      break
    case 'addAddress':
      batch.addAddress(change.link, change.address)
      break
    case 'removeAddress':
      batch.removeAddress(change.link, change.address)
      break
  }
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
