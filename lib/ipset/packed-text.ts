/**
 * Changes to sets as the text that C++ parses (native/ipset/changes.h): entries ended by a zero byte, behind directives
 * that say what they are for. Packed piece by piece as they come, so that handing over a million never holds the event
 * loop for long.
 */
import { InvalidArgumentError, show } from '../errors.js'

export type Action = 'add' | 'remove' | 'has'

/** What entries are for. */
export interface Target {
  readonly set: string
  /** The set that reports name, where it is not this one that the caller knows. */
  readonly shownAs?: string | undefined
  readonly action: Action
  /** Refuse an entry that is there already, or (to remove) is not. */
  readonly exclusive: boolean
  readonly serviceNames: boolean
}

/** What was given for an entry that is none, and why. It stands in the run as an empty text, which C++ refuses. */
export interface Fault {
  readonly entry: string
  readonly error: InvalidArgumentError
}

interface Piece {
  readonly bytes: Uint8Array
  readonly first: number
  readonly target: Target
}

const ENTRIES_A_PIECE = 4096
const DIRECTIVE = '\u0001'
const LETTERS: Readonly<Record<Action, string>> = { add: 'a', remove: 'r', has: 't' }

export class PackedText {
  private readonly pieces: Piece[] = []
  private readonly faults = new Map<number, Fault>()
  private waiting: string[] = []
  private target: Target | undefined
  private packed = 0
  private opened: { piece: Piece; entries: string[] } | undefined

  get size(): number {
    return this.packed + this.waiting.length
  }

  append(target: Target, entry: string): void {
    if (target !== this.target) {
      if (this.target !== undefined && !same(target, this.target)) this.pack()
      this.target = target
    }
    if (this.waiting.push(entry) === ENTRIES_A_PIECE) this.pack()
  }

  /** Appends a slice of an array that holds texts only. `faults` are those of its positions that were no entries. */
  appendAll(target: Target, entries: string[], faults?: ReadonlyMap<number, Fault>): void {
    this.pack()
    for (const [position, fault] of faults ?? []) this.faults.set(this.packed + position, fault)
    this.target = target
    this.waiting = entries
    this.pack()
  }

  /** What C++ takes. */
  bytes(): Uint8Array[] {
    this.pack()
    return this.pieces.map(({ bytes }) => bytes)
  }

  /** The sets that the changes are for. */
  sets(): string[] {
    this.pack()
    return [...new Set(this.pieces.map(({ target }) => target.set))]
  }

  /** An entry and its target, as they were appended. */
  at(index: number): { target: Target; entry: string } {
    this.pack()
    const piece = this.pieces[this.pieceOf(index)] as Piece
    if (this.opened?.piece !== piece) {
      const items = Buffer.from(piece.bytes.buffer, piece.bytes.byteOffset, piece.bytes.byteLength).toString()
      this.opened = { piece, entries: items.split('\0').slice(1, -1) }
    }
    const text = this.opened.entries[index - piece.first] ?? ''
    return { target: piece.target, entry: this.faults.get(index)?.entry ?? text }
  }

  /** Why a change was no entry from the start. */
  faultAt(index: number): InvalidArgumentError | undefined {
    return this.faults.get(index)?.error
  }

  private pieceOf(index: number): number {
    let low = 0
    let high = this.pieces.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.pieces[middle]?.first ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  private pack(): void {
    const { waiting, target } = this
    if (waiting.length === 0 || target === undefined) return
    let bytes = bytesOf(directive(target), waiting)
    if (!isClean(bytes, waiting.length)) bytes = bytesOf(directive(target), this.withoutControls(waiting))
    this.pieces.push({ bytes, first: this.packed, target })
    this.packed += waiting.length
    this.waiting = []
  }

  private withoutControls(entries: readonly string[]): string[] {
    return entries.map((entry, position) => {
      if (isText(entry)) return entry
      this.faults.set(this.packed + position, { entry: show(entry), error: controlsIn(entry) })
      return ''
    })
  }
}

/** Whether these are so many entries and nothing else. A 1 within an entry does no harm, but is rare enough for a look. */
function isClean(bytes: Uint8Array, entries: number): boolean {
  let zeros = 0
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) zeros++
  return zeros === entries + 1 && bytes.indexOf(1, 1) < 0
}

// An entry with a zero byte inside would be two, one that starts as a directive would be none.
function isText(entry: string): boolean {
  return !entry.includes('\0') && !entry.startsWith(DIRECTIVE)
}

function controlsIn(entry: string): InvalidArgumentError {
  return new InvalidArgumentError('entry', entry, `text in ipset's syntax, without control characters`)
}

/** Throws for a text that C++ could not tell from others. */
export function checkText(entry: string): string {
  if (isText(entry)) return entry
  throw controlsIn(entry)
}

/** Written piece by piece: a string glued together of both would be made twice, as garbage that has to be collected. */
function bytesOf(first: string, entries: readonly string[]): Uint8Array {
  const text = entries.join('\0')
  const start = Buffer.byteLength(first) + 1
  const bytes = Buffer.allocUnsafeSlow(start + Buffer.byteLength(text) + 1)
  bytes.write(first)
  bytes[start - 1] = 0
  bytes.write(text, start)
  bytes[bytes.length - 1] = 0
  return bytes
}

function directive({ set, action, exclusive, serviceNames }: Target): string {
  return `${DIRECTIVE}${LETTERS[action]}${exclusive ? 'x' : '-'}${serviceNames ? 's' : '-'}${set}`
}

function same(a: Target, b: Target): boolean {
  return (
    a.set === b.set &&
    a.shownAs === b.shownAs &&
    a.action === b.action &&
    a.exclusive === b.exclusive &&
    a.serviceNames === b.serviceNames
  )
}
