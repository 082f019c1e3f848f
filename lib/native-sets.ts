/** What the addon exports for IP sets; part of lib/native.ts, which is the boundary. */
import type { DumpHandle, KernelHandle, RecordLayout } from './native.js'

/** Fields of native/ipset/records.h. */
export type EntryField =
  | 'fields'
  | 'family'
  | 'protocol'
  | 'prefixLength'
  | 'prefixLength2'
  | 'port'
  | 'portTo'
  | 'mark'
  | 'address'
  | 'addressTo'
  | 'address2'
  | 'address2To'
  | 'mac'
  | 'skbqueue'
  | 'timeout'
  | 'skbprio'
  | 'skbmark'
  | 'skbmask'
  | 'packets'
  | 'bytes'
  | 'name'
  | 'reference'
  | 'comment'

/** Bits of an entry row's `fields`. */
export type EntryBit =
  | Exclude<EntryField, 'fields' | 'family' | 'name' | 'skbmask'>
  | 'interface'
  | 'set'
  | 'nomatch'
  | 'physicalDevice'
  | 'wildcard'
  | 'before'

/** A set type as native/ipset/set_type.cc knows it: which options it takes, and from which revision on. */
export interface NativeSetType {
  readonly name: string
  /** How an entry is written: `'address,[protocol:]port'`. */
  readonly form: string
  readonly newestRevision: number
  readonly bucketsizeRevision: number
  readonly bitmaskRevision: number
  readonly family: boolean
  readonly hash: boolean
  readonly netmask: boolean
  readonly bitmask: boolean
  readonly markmask: boolean
  readonly addressRange: boolean
  readonly portRange: boolean
  readonly size: boolean
}

export interface NativeSetHeader {
  name: string
  type: string
  family: number
  revision: number
  hashsize?: number | undefined
  maxelem?: number | undefined
  bucketsize?: number | undefined
  initval?: number | undefined
  netmask?: number | undefined
  bitmask?: Uint8Array | undefined
  markmask?: number | undefined
  firstAddress?: Uint8Array | undefined
  lastAddress?: Uint8Array | undefined
  firstPort?: number | undefined
  lastPort?: number | undefined
  size?: number | undefined
  timeout?: number | undefined
  counters: boolean
  comment: boolean
  forceadd: boolean
  skbinfo: boolean
}

/** A header as it is read. */
export interface NativeSetState extends NativeSetHeader {
  readonly elements: number
  readonly references: number
  readonly memoryBytes: number
}

/** Calls of native/binding/sets_binding.cc. */
export interface SetsCalls {
  readonly entryRow: RecordLayout<EntryField>
  readonly fieldBits: Readonly<Record<EntryBit, number>>
  readonly typeTable: readonly NativeSetType[]
  /** Code of refusals by C++ itself, before anything was sent. */
  readonly entryFault: number
  types(kernel: KernelHandle): Promise<{ name: string; oldestRevision: number; newestRevision: number }[]>
  create(kernel: KernelHandle, header: NativeSetHeader, exclusive: boolean): Promise<void>
  destroy(kernel: KernelHandle, name?: string): Promise<void>
  flush(kernel: KernelHandle, name?: string): Promise<void>
  rename(kernel: KernelHandle, from: string, to: string): Promise<void>
  swap(kernel: KernelHandle, one: string, other: string): Promise<void>
  headers(kernel: KernelHandle, name?: string): Promise<NativeSetState[]>
  /** Of all sets. */
  names(kernel: KernelHandle): Promise<string[]>
  /** Takes a name that no living process of the network namespace holds; false where one does. */
  claim(kernel: KernelHandle, name: string): Promise<boolean>
  unclaim(kernel: KernelHandle, name: string): void
  /** Rows hold as much of an entry row as the entries of such a set fill. */
  entries(kernel: KernelHandle, name: string): DumpHandle
  /**
   * Entries for one set, packed as for a commit, in the form that `save` would print there: a line each, empty for one
   * that does not fit the set.
   */
  canonical(kernel: KernelHandle, pieces: readonly Uint8Array[]): Promise<ArrayBuffer>
  /** The chunks are text, whole lines each. */
  save(kernel: KernelHandle, name?: string): DumpHandle
}
