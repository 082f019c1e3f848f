/** Making sets, and replacing full ones by larger ones. */
import { Batch } from '../../batch.js'
import { DirectorError } from '../../errors.js'
import type { Kernel } from '../../kernel.js'
import { type SetDefinition, spareName } from '../state/sets.js'
import type { KernelState } from '../state/state.js'
import { readEntries } from './observe.js'

export async function createSet(
  kernel: Kernel,
  definition: SetDefinition,
  name = definition.name,
): Promise<void> {
  try {
    await create(kernel, definition, name)
  } catch (error) {
    // There is one that differs. Only then it is looked at: a cold start makes many sets where there are none.
    if (!DirectorError.is(error) || error.code !== 'EEXIST') throw error
    await removeOther(kernel, definition, name)
    await create(kernel, definition, name)
  }
}

async function create(kernel: Kernel, definition: SetDefinition, name: string): Promise<void> {
  const { type, family, hashSize, maxElements } = definition
  if (type === 'bitmap:port') {
    await kernel.sets.create(name, type, { range: '0-65535', exist: 'ignore' })
  } else {
    await kernel.sets.create(name, type, {
      family,
      hashsize: hashSize,
      maxelem: maxElements,
      exist: 'ignore',
    })
  }
}

/** A set cannot change its type. One that rules name cannot go either: then the kernel's refusal says so. */
async function removeOther(kernel: Kernel, { type, family }: SetDefinition, name: string): Promise<void> {
  const present = (await kernel.sets.list()).find((header) => header.name === name)
  if (present === undefined) return
  const isSame = present.type === type && (type === 'bitmap:port' || present.family === family)
  if (!isSame) await kernel.sets.destroy(name)
}

/** Fine where there is none: a set left half made goes also when the same set is made larger again. */
export async function destroySet(kernel: Kernel, name: string): Promise<void> {
  try {
    await kernel.sets.destroy(name)
  } catch (error) {
    if (!DirectorError.is(error) || error.code !== 'ENOENT') throw error
  }
}

/**
 * A set cannot be resized while rules name it, but it can be swapped: a larger one is filled beside it and takes its
 * name in one moment. It gets the planned entries, and as far as there is room those of the old one that nobody plans: they
 * leave after the services that need them, or stay for a service that is left alone.
 */
export async function growSet(
  kernel: Kernel,
  definition: SetDefinition,
  planned: KernelState,
): Promise<void> {
  const spare = spareName(definition.name)
  const headers = await kernel.sets.list()
  // Left by a pass that ended half way.
  if (headers.some((header) => header.name === spare)) await kernel.sets.destroy(spare)
  await createSet(kernel, definition, spare)
  const entries = planned.sets.get(definition.name)?.entries ?? new Set()
  const { failed } = await kernel.commit(entriesBatch(spare, entries), { onError: 'stop' })
  if (failed[0] !== undefined) throw failed[0].error
  const others = [...(await readEntries(kernel, definition.name))].filter((entry) => !entries.has(entry))
  await kernel.commit(entriesBatch(spare, others), { onError: 'continue' })
  await kernel.sets.swap(definition.name, spare)
  await kernel.sets.destroy(spare)
}

function entriesBatch(set: string, entries: Iterable<string>): Batch {
  const batch = new Batch()
  for (const entry of entries) batch.addEntry(set, entry, { exist: 'ignore' })
  return batch
}
