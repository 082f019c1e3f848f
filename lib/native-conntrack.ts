/** What the addon exports for conntrack; part of lib/native.ts, which is the boundary. */
import type { DumpHandle, KernelHandle, RecordLayout } from './native.js'

// Fields of native/conntrack/records.h.

export type TupleField =
  | 'source'
  | 'destination'
  | 'sourcePort'
  | 'destinationPort'
  | 'icmpId'
  | 'icmpType'
  | 'icmpCode'
  | 'family'
  | 'protocol'
  | 'zone'

export type FlowField =
  | 'kind'
  | 'synthetic'
  | 'zone'
  | 'present'
  | 'status'
  | 'timeoutSeconds'
  | 'mark'
  | 'markMask'
  | 'use'
  | 'id'
  | 'nsid'
  | 'causedBy'
  | 'originalPackets'
  | 'originalBytes'
  | 'replyPackets'
  | 'replyBytes'
  | 'startNs'
  | 'stopNs'
  | 'eventNs'
  | 'original'
  | 'reply'
  | 'master'
  | 'tcpState'
  | 'tcpWindowScaleOriginal'
  | 'tcpWindowScaleReply'
  | 'tcpFlagsOriginal'
  | 'tcpFlagsMaskOriginal'
  | 'tcpFlagsReply'
  | 'tcpFlagsMaskReply'
  | 'dccpState'
  | 'dccpRole'
  | 'dccpHandshakeSequence'
  | 'sctpState'
  | 'sctpTagOriginal'
  | 'sctpTagReply'
  | 'securityMark'
  | 'securityContext'
  | 'labelsSize'
  | 'labels'
  | 'labelsMask'
  | 'helper'
  | 'originalAdjustPosition'
  | 'originalOffsetBefore'
  | 'originalOffsetAfter'
  | 'replyAdjustPosition'
  | 'replyOffsetBefore'
  | 'replyOffsetAfter'
  | 'synproxyInitialSequence'
  | 'synproxyInitialTimestamp'
  | 'synproxyTimestampOffset'

export type ExpectationField =
  | 'kind'
  | 'natDirection'
  | 'zone'
  | 'timeoutSeconds'
  | 'id'
  | 'flags'
  | 'class'
  | 'nsid'
  | 'causedBy'
  | 'tuple'
  | 'mask'
  | 'master'
  | 'nat'
  | 'helper'
  | 'function'

export type FlowFilterField =
  | 'family'
  | 'protocol'
  | 'zone'
  | 'used'
  | 'mark'
  | 'markMask'
  | 'status'
  | 'statusMask'
  | 'original'
  | 'reply'

export type DirectionFilterField =
  'source' | 'destination' | 'sourcePort' | 'destinationPort' | 'sourcePrefix' | 'destinationPrefix' | 'used'

export type CpuStatsField =
  | 'cpu'
  | 'found'
  | 'invalid'
  | 'insert'
  | 'insertFailed'
  | 'drop'
  | 'earlyDrop'
  | 'error'
  | 'searchRestart'
  | 'clashResolve'
  | 'chainTooLong'
  | 'expectationsNew'
  | 'expectationsCreated'
  | 'expectationsDeleted'

export type ConntrackConstant =
  | 'writeCreate'
  | 'writeUpdate'
  | 'writeDelete'
  | 'chunkFlows'
  | 'hasStatus'
  | 'hasTimeout'
  | 'hasMark'
  | 'hasMarkMask'
  | 'hasUse'
  | 'hasId'
  | 'hasZone'
  | 'hasOriginalZone'
  | 'hasReplyZone'
  | 'hasOriginalCounters'
  | 'hasReplyCounters'
  | 'hasStart'
  | 'hasStop'
  | 'hasEventTime'
  | 'hasTcp'
  | 'hasDccp'
  | 'hasSctp'
  | 'hasLabels'
  | 'hasLabelsMask'
  | 'hasHelper'
  | 'hasMaster'
  | 'hasSecurityContext'
  | 'cutSecurityContext'
  | 'hasSecurityMark'
  | 'hasOriginalAdjustment'
  | 'hasReplyAdjustment'
  | 'hasSynproxy'
  | 'byProtocol'
  | 'byMark'
  | 'byStatus'
  | 'byZone'
  | 'fieldSource'
  | 'fieldDestination'
  | 'fieldSourcePort'
  | 'fieldDestinationPort'
  | 'filterNew'
  | 'filterUpdate'
  | 'filterDestroy'
  | 'filterByMark'
  | 'filterByZone'
  | 'filterBySource'
  | 'filterByService'
  | 'roleService'
  | 'roleServer'
  | 'roleZone'
  | 'roleDestinationPrefix'
  | 'roleSourcePrefix'
  | 'roleMark'
  | 'mostMarks'
  | 'groupNew'
  | 'groupUpdate'
  | 'groupDestroy'
  | 'groupExpectationNew'
  | 'groupExpectationUpdate'
  | 'groupExpectationDestroy'

/** A stretch of the event stream: rows of one kind, or a gap. */
export type NativeChunk =
  | { readonly kind: number; readonly rows: ArrayBuffer; readonly rowBytes: number }
  | { readonly lost: number; readonly reason: 'overrun' | 'unreadable' }

export interface NativeListenerOptions {
  /** NFNLGRP_CONNTRACK_* */
  readonly groups: readonly number[]
  readonly allNamespaces: boolean
  readonly receiveBufferBytes: number
  readonly queueBytes: number
  readonly latencyMs: number
  readonly filterCapacity: number
  /** Leaves events in the socket until the first setFilter(). */
  readonly awaitFilter: boolean
  /** Filter bits and rows; without them there is no filter. */
  readonly conditions?: number
  readonly rows?: ArrayBuffer
  readonly resync: boolean
  readonly resyncIntervalMs: number
}

/** native/binding/listener_handle.h */
export interface ListenerHandle {
  /** The next chunk, or null: there is none yet. Throws what ended the reader. */
  take(): NativeChunk | null
  /** After take() gave null: resolves when there may be one, or when the stream has been closed. One at a time. */
  wait(): Promise<void>
  /** The kernel filters as well, once this resolves. */
  startKernelFilter(): Promise<void>
  setFilter(conditions: number, rows: ArrayBuffer): Promise<void>
  /** Resolves when the reader has ended; what is queued can still be taken. */
  close(): Promise<void>
  status(): {
    filterKind: 'ebpf' | 'native' | 'none'
    receiveBufferBytes: number
    received: number
    lost: number
    queuedBytes: number
    knownFlows: number
  }
}

/** Calls of native/binding/conntrack_binding.cc. */
export interface ConntrackCalls {
  readonly tuple: RecordLayout<TupleField>
  readonly flowRow: RecordLayout<FlowField>
  readonly expectationRow: RecordLayout<ExpectationField>
  readonly writeRow: RecordLayout<
    | 'kind'
    | 'flow'
    | 'sourceNatAddress'
    | 'sourceNatPort'
    | 'sourceNatUsed'
    | 'destinationNatAddress'
    | 'destinationNatPort'
    | 'destinationNatUsed'
  >
  readonly flowFilter: RecordLayout<FlowFilterField>
  readonly directionFilter: RecordLayout<DirectionFilterField>
  readonly filterRow: RecordLayout<
    'role' | 'family' | 'protocol' | 'prefixLength' | 'port' | 'address' | 'value' | 'mask'
  >
  readonly cpuStatsRow: RecordLayout<CpuStatsField>
  readonly constants: Readonly<Record<ConntrackConstant, number>>
  readonly ListenerHandle: new (kernel: KernelHandle, options: NativeListenerOptions) => ListenerHandle
  flows(kernel: KernelHandle, filter: Uint8Array): DumpHandle
  /** A flow row, or nothing. */
  get(kernel: KernelHandle, row: Uint8Array): Promise<ArrayBuffer>
  delete(
    kernel: KernelHandle,
    filter: Uint8Array,
  ): Promise<{ deleted: number; gone: number; inKernel: boolean }>
  /** Which conditions the running kernel honours when it deletes by itself. */
  deletes(
    kernel: KernelHandle,
  ): Promise<{ family: boolean; mark: boolean; status: boolean; zone: boolean; tuple: boolean }>
  count(kernel: KernelHandle): Promise<{ entries: number; maxEntries: number }>
  cpuStats(kernel: KernelHandle): Promise<ArrayBuffer>
  expectations(kernel: KernelHandle): Promise<ArrayBuffer>
}
