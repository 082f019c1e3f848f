/** Changes that go to the kernel many at a time: services, servers, set entries, addresses. */
import { Batch } from '../../batch.js'
import type { DirectorError } from '../../errors.js'
import type { Kernel } from '../../kernel.js'
import type { Change } from '../state/changes.js'
import type { ChangeFailure } from '../sync/data-plane.js'
import { inTurns, paced, type Steps } from '../../turns.js'

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

/** So many are packed while the kernel works on those before them. */
const changesInPiece = 2048

/** Makes them in order, whatever becomes of the single ones. */
export async function makeInBatch(
  kernel: Kernel,
  changes: readonly BatchedChange[],
): Promise<ChangeFailure[]> {
  const failures: ChangeFailure[] = []
  let underWay: Promise<ChangeFailure[]> | undefined
  for (let first = 0; first < changes.length; first += changesInPiece) {
    const piece = packing(changes.slice(first, first + changesInPiece))
    const packed = await inTurns(piece)
    // One is sent and one is packed at a time: memory stays small, and the kernel never waits for us.
    if (underWay !== undefined) failures.push(...(await underWay))
    underWay = send(kernel, packed)
    // If packing fails first, its error is the one to be told.
    underWay.catch(() => undefined)
  }
  return underWay === undefined ? failures : [...failures, ...(await underWay)]
}

interface Packed {
  readonly batch: Batch
  readonly sent: readonly BatchedChange[]
  readonly refused: readonly ChangeFailure[]
}

function* packing(changes: readonly BatchedChange[]): Steps<Packed> {
  const refused: ChangeFailure[] = []
  const batch = new Batch()
  const sent: BatchedChange[] = []
  yield* paced(changes, (change) => {
    try {
      append(batch, change)
      sent.push(change)
    } catch (error) {
      // Refused before it was sent: something that IPVS cannot express came through the checks of the input.
      refused.push({ change, error: error as Error })
    }
  })
  return { batch, sent, refused }
}

async function send(kernel: Kernel, { batch, sent, refused }: Packed): Promise<ChangeFailure[]> {
  const failures = [...refused]
  const { failed } = await kernel.commit(batch, { onError: 'continue' })
  for (const { index, error } of failed) {
    const change = sent[index]
    if (change !== undefined && !isAlreadySo(change, error)) failures.push({ change, error })
  }
  return failures
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
