/** Changes that go to the kernel many at a time: services, servers, set entries, addresses. */
import { Batch } from '../../batch.js'
import type { DirectorError } from '../../errors.js'
import type { Kernel } from '../../kernel.js'
import type { Change } from '../changes.js'
import type { ChangeFailure } from '../data-plane.js'

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

/** Makes them in order, whatever becomes of the single ones. */
export async function makeInBatch(
  kernel: Kernel,
  changes: readonly BatchedChange[],
): Promise<ChangeFailure[]> {
  const failures: ChangeFailure[] = []
  const batch = new Batch()
  const sent: BatchedChange[] = []
  for (const change of changes) {
    try {
      append(batch, change)
      sent.push(change)
    } catch (error) {
      // Refused before it was sent: something that IPVS cannot express came through the checks of the input.
      failures.push({ change, error: error as Error })
    }
  }
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
