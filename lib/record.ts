/** Reading and writing the fixed-size records of the native boundary. */
import { endianness } from 'node:os'

/** Records are in the machine's own byte order; DataView wants to be told. */
export const littleEndian = endianness() === 'LE'

export type Offsets<Field extends string> = Readonly<Record<Field, number>>

// Layouts are a few and live as long as the addon; a table is made for every small batch.
const knownOffsets = new WeakMap<object, Offsets<string>>()

/** The offsets alone: what hot code needs of a layout. */
export function offsetsOf<Field extends string>(
  fields: Readonly<Record<Field, { offset: number }>>,
): Offsets<Field> {
  const known = knownOffsets.get(fields)
  if (known !== undefined) return known
  const entries = Object.entries<{ offset: number }>(fields).map(([name, { offset }]) => [name, offset])
  const offsets = Object.fromEntries(entries) as Offsets<Field>
  knownOffsets.set(fields, offsets)
  return offsets
}

const decoder = new TextDecoder('utf-8')

/** Text in a zero-padded field. */
export function readText(bytes: Uint8Array, offset: number, size: number): string {
  const end = bytes.indexOf(0, offset)
  return decoder.decode(bytes.subarray(offset, end < 0 || end > offset + size ? offset + size : end))
}

const encoder = new TextEncoder()
// Names are few: each is encoded once.
const encodedNames = new Map<string, Uint8Array>()

/** Puts text into a zeroed field; the caller has checked that it fits. */
export function writeText(bytes: Uint8Array, offset: number, text: string): void {
  let encoded = encodedNames.get(text)
  if (encoded === undefined) {
    encoded = encoder.encode(text)
    if (encodedNames.size < 1024) encodedNames.set(text, encoded)
  }
  bytes.set(encoded, offset)
}
