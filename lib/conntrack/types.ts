/** The vocabulary of conntrack. Kernel names stand in brackets; everything is what ctnetlink sends and takes. */

import type { IpvsConnection } from './connection.js'

/** Protocols that have names here; all others appear by number. */
export type FlowProtocol = 'tcp' | 'udp' | 'udplite' | 'sctp' | 'dccp' | 'icmp' | 'icmpv6' | 'gre'
export type FlowFamily = 'inet' | 'inet6'

/** `enum ip_conntrack_status` (IPS_*), in the order of the bits. */
export type FlowStatus =
  | 'expected'
  | 'seen-reply'
  | 'assured'
  | 'confirmed'
  | 'src-nat'
  | 'dst-nat'
  | 'seq-adjust'
  | 'src-nat-done'
  | 'dst-nat-done'
  | 'dying'
  | 'fixed-timeout'
  | 'template'
  | 'untracked'
  | 'helper'
  | 'offload'
  | 'hw-offload'

/** `enum tcp_conntrack`. */
export type TcpState =
  | 'none'
  | 'syn-sent'
  | 'syn-recv'
  | 'established'
  | 'fin-wait'
  | 'close-wait'
  | 'last-ack'
  | 'time-wait'
  | 'close'
  | 'syn-sent2'

/** `enum sctp_conntrack`. */
export type SctpState =
  | 'none'
  | 'closed'
  | 'cookie-wait'
  | 'cookie-echoed'
  | 'established'
  | 'shutdown-sent'
  | 'shutdown-recd'
  | 'shutdown-ack-sent'
  | 'heartbeat-sent'
  | 'heartbeat-acked'

/** `enum ct_dccp_states`. */
export type DccpState =
  | 'none'
  | 'request'
  | 'respond'
  | 'partopen'
  | 'open'
  | 'closereq'
  | 'closing'
  | 'timewait'
  | 'ignore'
  | 'invalid'

/** One direction of a flow [CTA_TUPLE_ORIG, CTA_TUPLE_REPLY]. */
export interface FlowTuple {
  readonly source: string
  readonly destination: string
  readonly protocol: FlowProtocol | number
  /** TCP, UDP, UDP-Lite, SCTP, DCCP; for GRE the keys. */
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** ICMP and ICMPv6. */
  readonly icmp?: { readonly id: number; readonly type: number; readonly code: number }
  /** Where this direction has a zone of its own [CTA_TUPLE_ZONE]. */
  readonly zone?: number
}

export interface FlowCounters {
  readonly packets: bigint
  readonly bytes: bigint
}

export interface SequenceAdjustment {
  readonly correctionPosition: number
  readonly offsetBefore: number
  readonly offsetAfter: number
}

export interface FlowEndpoint {
  readonly address: string
  readonly port?: number
}

/** An entry of the table. What the kernel does not send is absent. */
export interface Flow {
  readonly family: FlowFamily
  readonly protocol: FlowProtocol | number
  readonly original: FlowTuple
  readonly reply: FlowTuple
  readonly status: readonly FlowStatus[]
  /** Seconds until the entry goes, if nothing comes; absent in destroy events. */
  readonly timeoutSeconds?: number
  /** 0 where there is none. */
  readonly mark: number
  /** 0 where there is none [CTA_ZONE]. */
  readonly zone: number
  /** A 32-bit hash that tells it from earlier flows of the same tuple [CTA_ID]. */
  readonly id: number
  /** References held [CTA_USE]; in dumps only. */
  readonly use?: number
  /** Numbers of the labels that are set, 0–127 [CTA_LABELS]. */
  readonly labels?: readonly number[]
  /** With `nf_conntrack_acct` on: in dumps and destroy events. */
  readonly counters?: { readonly original: FlowCounters; readonly reply: FlowCounters }
  /** With `nf_conntrack_timestamp` on: nanoseconds since the epoch; `stopNs` in destroy events. */
  readonly timestamps?: { readonly startNs: bigint; readonly stopNs?: bigint }
  /** When the event happened, nanoseconds since the epoch [CTA_TIMESTAMP_EVENT]; newer kernels. */
  readonly eventNs?: bigint
  /** What address translation made of it, as the tuples show: where it really comes from and goes to. */
  readonly nat?: { readonly source?: FlowEndpoint; readonly destination?: FlowEndpoint }
  readonly tcp?: {
    readonly state: TcpState
    readonly windowScale: { readonly original: number; readonly reply: number }
    /** IP_CT_TCP_FLAG_* and their mask. */
    readonly flags: { readonly original: TcpFlags; readonly reply: TcpFlags }
  }
  readonly sctp?: {
    readonly state: SctpState
    readonly tags: { readonly original: number; readonly reply: number }
  }
  readonly dccp?: {
    readonly state: DccpState
    /** Who plays the client. */
    readonly role: 'client' | 'server'
    readonly handshakeSequence: bigint
  }
  /** Name of the helper that watches it (`'ftp'`) [CTA_HELP]. */
  readonly helper?: string
  /** The flow that made a helper expect this one [CTA_TUPLE_MASTER]. */
  readonly master?: FlowTuple
  /** [CTA_SECCTX]; cut after 63 bytes, and then `securityContextCut` is true. */
  readonly securityContext?: string
  readonly securityContextCut?: boolean
  /** [CTA_SECMARK], which kernels since 2.6.38 no longer send. */
  readonly securityMark?: number
  readonly sequenceAdjustment?: {
    readonly original?: SequenceAdjustment
    readonly reply?: SequenceAdjustment
  }
  /** Of a connection whose SYN was proxied: absent where all is zero [CTA_SYNPROXY]. */
  readonly synproxy?: {
    readonly initialSequence: number
    readonly initialTimestamp: number
    readonly timestampOffset: number
  }
}

export interface TcpFlags {
  readonly value: number
  readonly mask: number
}

export type FlowEventType = 'new' | 'update' | 'destroy'

export interface FlowEvent extends Flow {
  readonly type: FlowEventType
  /** True when it was made from a dump (`resync`), and not sent by the kernel as an event. */
  readonly synthetic: boolean
  /** Id of the namespace as this one knows it; absent for events of the listener's own namespace. */
  readonly nsid?: number
  /** Netlink port of the request that caused it; absent when traffic or a timer did. */
  readonly causedBy?: number
  /** With `filter: { services: 'ipvs' }`: the connection through a virtual service that this is about. */
  readonly connection?: IpvsConnection
}

/** A flow that a helper waits for. */
export interface Expectation {
  readonly family: FlowFamily
  readonly tuple: FlowTuple
  readonly mask: FlowTuple
  readonly master: FlowTuple
  readonly timeoutSeconds: number
  readonly id: number
  readonly zone: number
  /** [NF_CT_EXPECT_*] */
  readonly flags: readonly ExpectationFlag[]
  readonly class: number
  readonly helper?: string
  /** The helper's function to call [CTA_EXPECT_FN]. */
  readonly function?: string
  readonly nat?: { readonly direction: 'original' | 'reply'; readonly tuple: FlowTuple }
}

export type ExpectationFlag = 'permanent' | 'inactive' | 'userspace'

export interface ExpectationEvent extends Expectation {
  readonly type: 'expectation-new' | 'expectation-update' | 'expectation-destroy'
  readonly nsid?: number
  readonly causedBy?: number
}

/** Events that did not reach us. */
export interface LostEvents {
  readonly type: 'lost'
  /** Exactly how many, as the kernel counts them. */
  readonly count: number
  /** `'overrun'`: the buffers were full. `'unreadable'`: they were no ctnetlink messages that we understand. */
  readonly reason: 'overrun' | 'unreadable'
}

export type ConntrackEvent = FlowEvent | ExpectationEvent | LostEvents

/** How many entries there are [IPCTNL_MSG_CT_GET_STATS]. */
export interface FlowCount {
  readonly entries: number
  /** nf_conntrack_max */
  readonly maxEntries: number
}

/** Counters of one processor, 32 bits wide: they wrap [IPCTNL_MSG_CT_GET_STATS_CPU]. conntrack -S. */
export interface CpuStats {
  readonly cpu: number
  readonly found: number
  readonly invalid: number
  readonly insert: number
  readonly insertFailed: number
  readonly drop: number
  readonly earlyDrop: number
  readonly error: number
  readonly searchRestart: number
  readonly clashResolve: number
  readonly chainTooLong: number
  readonly expectationsNew: number
  readonly expectationsCreated: number
  readonly expectationsDeleted: number
}
