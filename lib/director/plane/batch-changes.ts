/** Changes that go to the kernel many at a time: services, servers, set entries, addresses. */
import type { Kernel } from '../../kernel.js'
import { inTurns, type Steps } from '../../turns.js'
import type { AddServiceChange } from '../state/changes.js'
import type { ChangeFailure } from '../sync/data-plane.js'
import { type AddEntryChange, type BatchedChange, Piece } from './piece.js'

/** So many operations are packed while the kernel works on those before them. */
const operationsInPiece = 4096

/** A pause at each would cost more than the thing itself. */
const changesInStep = 16

/** Makes them in order, whatever becomes of the single ones. */
export async function makeInBatch(
  kernel: Kernel,
  changes: readonly BatchedChange[],
): Promise<ChangeFailure[]> {
  const failures: ChangeFailure[] = []
  let underWay: Promise<ChangeFailure[]> | undefined
  for (let first = 0; first < changes.length;) {
    const piece = new Piece()
    first = await inTurns(packing(piece, changes, first))
    // One is sent and one is packed at a time: memory stays small, and the kernel never waits for us.
    if (underWay !== undefined) failures.push(...(await underWay))
    underWay = piece.send(kernel)
    // If packing fails first, its error is the one to be told.
    underWay.catch(() => undefined)
  }
  return underWay === undefined ? failures : [...failures, ...(await underWay)]
}

/** Packs changes from the given one on, until the piece is full; returns the first that is not in it. */
function* packing(piece: Piece, changes: readonly BatchedChange[], first: number): Steps<number> {
  let index = first
  while (index < changes.length && piece.size < operationsInPiece) {
    const change = changes[index] as BatchedChange
    if (change.type === 'addEntry') {
      const entries = entriesOfOneSet(change.set, changes, index, operationsInPiece - piece.size)
      piece.addEntries(change.set, entries)
      index += entries.length
      yield
    } else {
      if (piece.add(change) && change.type === 'addService') yield* packingServers(piece, change)
      if (++index % changesInStep === 0) yield
    }
  }
  return index
}

/** The changes from the given one on that are new entries of the set. */
function entriesOfOneSet(
  set: string,
  changes: readonly BatchedChange[],
  first: number,
  most: number,
): AddEntryChange[] {
  const entries: AddEntryChange[] = []
  for (let index = first; index < changes.length && entries.length < most; index++) {
    const change = changes[index] as BatchedChange
    if (change.type !== 'addEntry' || change.set !== set) break
    entries.push(change)
  }
  return entries
}

function* packingServers(piece: Piece, change: AddServiceChange): Steps {
  let count = 0
  for (const [serverKey, server] of change.state.servers) {
    piece.addServerOf(change, serverKey, server)
    if (++count % changesInStep === 0) yield
  }
}
