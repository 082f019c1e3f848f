/**
 * The one boundary to C++. Everything the addon exports is typed here and nowhere else; record layouts come as tables
 * of offsets from native/*\/records.h, so that no number is written twice.
 */
import { errnoName, NetlinkError } from './errors.js'
import { loadAddon } from './load-addon.js'
import type { ConntrackCalls } from './native-conntrack.js'
import type { SetsCalls } from './native-sets.js'

export interface RecordField {
  readonly offset: number
  readonly size: number
  readonly kind: 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'bytes' | 'text'
}

/** A fixed-size record: how long it is, and where its fields are. */
export interface RecordLayout<Field extends string> {
  readonly size: number
  readonly fields: Readonly<Record<Field, RecordField>>
}

export type ServiceField =
  | 'family'
  | 'byMark'
  | 'protocol'
  | 'fwmark'
  | 'address'
  | 'port'
  | 'scheduler'
  | 'flags'
  | 'timeoutSeconds'
  | 'netmask'
  | 'persistenceEngine'
export type ServerField =
  | 'serverFamily'
  | 'forwarding'
  | 'tunnelType'
  | 'serverPort'
  | 'tunnelPort'
  | 'tunnelFlags'
  | 'serverAddress'
  | 'weight'
  | 'upperThreshold'
  | 'lowerThreshold'
export type StatsField =
  | 'connections'
  | 'incomingPackets'
  | 'outgoingPackets'
  | 'incomingBytes'
  | 'outgoingBytes'
  | 'connectionsPerSecond'
  | 'incomingPacketsPerSecond'
  | 'outgoingPacketsPerSecond'
  | 'incomingBytesPerSecond'
  | 'outgoingBytesPerSecond'

export type IpvsConstant =
  | 'addService'
  | 'updateService'
  | 'removeService'
  | 'addServer'
  | 'updateServer'
  | 'removeServer'
  | 'persistent'
  | 'hashed'
  | 'onePacket'
  | 'schedulerFlag1'
  | 'schedulerFlag2'
  | 'schedulerFlag3'
  | 'masquerade'
  | 'local'
  | 'tunnel'
  | 'direct'
  | 'bypass'
  | 'ipip'
  | 'gue'
  | 'gre'
  | 'noChecksum'
  | 'checksum'
  | 'remoteChecksum'
  | 'master'
  | 'backup'

/** An open kernel: one network namespace, its sockets. Tasks under way keep what they need alive after close(). */
export interface KernelHandle {
  close(): void
  /** Opens a file below /proc/net or /proc/sys as a task in the namespace sees it; the caller closes the descriptor. */
  openFile(path: string, flags: number): Promise<number>
  /** All files below such a folder, as paths relative to it, sorted. */
  listFiles(folder: string): Promise<string[]>
  /** A TCP socket in the namespace, bound to an address and not listening yet; the caller closes the descriptor. */
  bindPort(address: string, port: number): Promise<number>
}

/** A dump that is pulled chunk by chunk; one next() at a time. */
export interface DumpHandle {
  /** `rowBytes` is how long each row is; 1 of text. */
  next(): Promise<{ rows: ArrayBuffer; rowBytes: number; state: 'more' | 'done' | 'interrupted' }>
  close(): void
}

export interface NativeDaemon {
  state: number
  interface: string
  syncId: number
  maxLength: number
  group: string
  port: number
  ttl: number
}

/** A stretch of a batch for one subsystem, as native/binding/commit_binding.cc reads it. */
export interface NativeRun {
  readonly table: string
}

export interface NativeRunReport {
  /** Operations below this number were sent. */
  readonly attempted: number
  /** Rows of three 32-bit numbers: operation, code (0: the reply was lost), 1-based index into `texts` (0: none). */
  readonly refused: ArrayBuffer
  readonly texts: readonly string[]
}

export interface NativeOutcome {
  readonly end: 'finished' | 'stopped' | 'aborted'
  readonly failure?: unknown
  readonly runs: readonly NativeRunReport[]
}

/** Calls of native/binding/ipvs_binding.cc. A key travels as an operation row of which only the key is filled in. */
export interface IpvsCalls {
  readonly operationRow: RecordLayout<'kind' | ServiceField | ServerField>
  readonly serviceRow: RecordLayout<'serverCount' | ServiceField | StatsField>
  readonly serverRow: RecordLayout<
    'activeConnections' | 'inactiveConnections' | 'persistentConnections' | ServerField | StatsField
  >
  readonly constants: Readonly<Record<IpvsConstant, number>>
  info(kernel: KernelHandle): Promise<{ version: number; connectionTableSize: number }>
  timeouts(kernel: KernelHandle): Promise<{ tcpSeconds: number; tcpFinSeconds: number; udpSeconds: number }>
  setTimeouts(kernel: KernelHandle, tcp: number, tcpFin: number, udp: number): Promise<void>
  flush(kernel: KernelHandle): Promise<void>
  zero(kernel: KernelHandle, key: Uint8Array | undefined): Promise<void>
  service(kernel: KernelHandle, key: Uint8Array): Promise<ArrayBuffer>
  daemons(kernel: KernelHandle): Promise<NativeDaemon[]>
  startDaemon(kernel: KernelHandle, daemon: NativeDaemon): Promise<void>
  stopDaemon(kernel: KernelHandle, daemon: NativeDaemon): Promise<void>
  snapshot(kernel: KernelHandle): Promise<{ services: ArrayBuffer; servers: ArrayBuffer[] }>
  dump(kernel: KernelHandle, key?: Uint8Array): DumpHandle
}

export type AddressField =
  | 'change'
  | 'flags'
  | 'validSeconds'
  | 'preferredSeconds'
  | 'family'
  | 'prefixLength'
  | 'scope'
  | 'hasBroadcast'
  | 'address'
  | 'peer'
  | 'broadcast'
  | 'link'
  | 'label'
export type LinkField =
  'index' | 'flags' | 'mtu' | 'master' | 'operationalState' | 'hardwareSize' | 'hardware' | 'name' | 'kind'
export type RouteConstant =
  | 'addAddress'
  | 'removeAddress'
  | 'forever'
  | 'up'
  | 'loopback'
  | 'universe'
  | 'site'
  | 'link'
  | 'host'
  | 'noDuplicateDetection'
  | 'noPrefixRoute'
  | 'tentative'
  | 'duplicate'
  | 'deprecated'
  | 'secondary'
  | 'permanent'

/** Calls of native/binding/route_binding.cc. */
export interface RouteCalls {
  readonly addressRow: RecordLayout<AddressField>
  readonly linkRow: RecordLayout<LinkField>
  readonly constants: Readonly<Record<RouteConstant, number>>
  createLink(kernel: KernelHandle, name: string, kind: string, up: boolean): Promise<void>
  removeLink(kernel: KernelHandle, name: string): Promise<void>
  setLink(kernel: KernelHandle, name: string, up: boolean): Promise<void>
  /** Whether the kernel can make links of a kind; asking loads the kind's module where there is one. */
  knowsKind(kernel: KernelHandle, kind: string): Promise<boolean>
  /** Link rows: of one link, or of all. */
  links(kernel: KernelHandle, name?: string): Promise<ArrayBuffer>
  /** Address rows: of one link, or of all. */
  addresses(kernel: KernelHandle, link?: string): Promise<ArrayBuffer>
}

/** Calls of native/binding/program_binding.cc. */
export interface ProgramCalls {
  /**
   * Runs a program in a network namespace (default: the caller's own), on a thread of its own and without copying this
   * process. `null`: there is none of that name in the PATH of `environment`. 128 + n is the code where signal n ended it.
   */
  run(
    netns: string | undefined,
    words: readonly string[],
    environment: readonly string[],
    input: string,
  ): Promise<{ code: number; output: string; errors: string } | null>
}

export interface Native {
  readonly KernelHandle: new (netns?: string) => KernelHandle
  readonly ipvs: IpvsCalls
  readonly route: RouteCalls
  readonly sets: SetsCalls
  readonly conntrack: ConntrackCalls
  readonly programs: ProgramCalls
  commit(
    kernel: KernelHandle,
    runs: readonly NativeRun[],
    options: { stopOnRefusal: boolean; aborted: Uint8Array | undefined },
  ): Promise<NativeOutcome>
}

let loaded: Native | undefined

/** The addon, loaded at the first use. Throws ERR_UNSUPPORTED_PLATFORM or ERR_ADDON_LOAD. */
export function native(): Native {
  return (loaded ??= loadAddon() as Native)
}

/** What the addon attaches to errors of the kernel or of system calls. */
export interface NativeFailure {
  readonly operation: string
  /** Positive errno, or a kernel error number. */
  readonly number: number
  readonly detail: string
}

export function isNativeFailure(error: unknown): error is Error & NativeFailure {
  return error instanceof Error && 'number' in error && 'operation' in error && 'detail' in error
}

/**
 * Turns the addon's error into one of ours. `explain` may give a more telling error for a known number; errors
 * that are not the kernel's pass through unchanged.
 */
export function translate(error: unknown, explain?: (failure: NativeFailure) => Error | undefined): unknown {
  if (!isNativeFailure(error)) return error
  const explained = explain?.(error)
  if (explained !== undefined) return explained
  const code = errnoName(error.number)
  return new NetlinkError(`${error.operation}: ${error.detail === '' ? code : `${error.detail} (${code})`}`, {
    code,
    errno: error.number,
    operation: error.operation,
    kernelMessage: error.detail === '' ? undefined : error.detail,
  })
}
