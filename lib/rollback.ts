/** What takes a commit back. */
import { Batch } from './batch.js'
import { DirectorError } from './errors.js'
import type { Ledger } from './ledger.js'
import type { Inverse, UndoLog } from './run.js'
import type { Steps } from './turns.js'

export interface Undo {
  readonly batch: Batch
  /** For each operation of the batch, the operation that it takes back. */
  readonly owners: readonly number[]
  /** The operations that it takes back. */
  readonly indices: readonly number[]
  /** Operations of which an inverse could not be made, with the reason. */
  readonly refused: Map<number, DirectorError>
}

/** Replays what took effect to learn each operation's inverse; the inverses go into a batch from last to first. */
export function* undoOf(ledger: Ledger, logs: ReadonlyMap<string, UndoLog>): Steps<Undo> {
  const inverses: { index: number; inverse: Inverse }[] = []
  for (const { run, local, index } of ledger.applied()) {
    yield
    const log = logs.get(run.table)
    if (log !== undefined) inverses.push({ index, inverse: log.inverse(run, local) })
  }
  const batch = new Batch()
  const owners: number[] = []
  const indices: number[] = []
  const own = (index: number) => {
    while (owners.length < batch.size) owners.push(index)
  }
  const refused = new Map<number, DirectorError>()
  const append = function* (index: number, inverse: Inverse): Steps {
    try {
      for (const step of inverse(batch) ?? []) {
        own(index)
        yield step
      }
    } catch (error) {
      // The others are taken back all the same.
      if (!(error instanceof DirectorError)) throw error
      refused.set(index, error)
    }
    own(index)
  }
  const failed = ledger.failed[0]?.index ?? 0
  for (const log of logs.values()) for (const inverse of log.rest?.() ?? []) yield* append(failed, inverse)
  for (const { index, inverse } of inverses.reverse()) {
    yield
    yield* append(index, inverse)
    indices.push(index)
  }
  return { batch, owners, indices, refused }
}
