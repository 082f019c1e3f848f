/** What flows and events are chosen by. */
import type { FlowFamily, FlowProtocol, FlowStatus, FlowTuple, TcpState, SctpState } from './types.js'

/** A mark under a mask: `(mark & mask) === value`; a value with other bits is refused, but for changes. */
export interface MarkFilter {
  readonly value: number
  /** @default 0xffffffff */
  readonly mask?: number
}

/** An address and a port of a protocol: a virtual service, or a real server. */
export interface EndpointFilter {
  readonly protocol: FlowProtocol | number
  readonly address: string
  /** Absent or 0: any port. */
  readonly port?: number
}

/**
 * Which events a listener gets. A condition that is absent holds for all events; an empty list holds for none. Of
 * `destinations`, `prefixes` and `servers` one has to match. Expectation events are not filtered.
 */
export interface EventFilter {
  /** Kinds of events, among those that the listener listens to. */
  readonly events?: readonly ('new' | 'update' | 'destroy')[]
  /** Destinations of the original direction: what a client connected to. */
  readonly destinations?: readonly EndpointFilter[]
  /** Networks of that destination, `'10.0.0.0/8'`, `'fd00::/8'`, or single addresses. */
  readonly prefixes?: readonly string[]
  /** Sources of the reply direction: who really answers. */
  readonly servers?: readonly EndpointFilter[]
  /** Networks of the source of the original direction: the clients. */
  readonly sources?: readonly string[]
  /** One zone or several, also of flows that have it in one direction only; 0 is the default zone. */
  readonly zone?: number | readonly number[]
  /**
   * One mark or up to eight, of which one has to match. A flow whose mark no longer does is not heard of any more, nor is
   * its end, also with `resync`.
   */
  readonly mark?: number | MarkFilter | readonly (number | MarkFilter)[]
  /**
   * The virtual services in IPVS at any time, besides those above: the listener follows the table, and each event
   * says which service it belongs to (`event.connection`). Changes through this kernel hold when its commit resolves,
   * others within a second; a service that went is heard for another five minutes. Wants
   * `net.ipv4.vs.conntrack=1`, and tracking: some rule of the namespace that asks for the state of connections.
   */
  readonly services?: 'ipvs'
}

/** Conditions on one direction of a flow. */
export interface DirectionFilter {
  /** An address, or a network (`'10.0.0.0/8'`). */
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** Which flows of a table are meant: all conditions have to hold, none means all flows. */
export interface FlowFilter {
  readonly family?: FlowFamily
  readonly protocol?: FlowProtocol | number
  readonly original?: DirectionFilter
  readonly reply?: DirectionFilter
  readonly mark?: number | MarkFilter
  /** Bits that have to be set; an empty list is no condition. */
  readonly status?: readonly FlowStatus[]
  /** Also of flows that have it in one direction only; 0: the default zone. */
  readonly zone?: number
}

/** What finds one flow. */
export interface FlowKey {
  /** The original direction. */
  readonly original: FlowTuple
  /** @default 0 */
  readonly zone?: number
  /** Only the entry with this id, not a later one of the same tuple; for `get()`. */
  readonly id?: number
}

/** What of a flow can be changed. */
export interface FlowChange {
  readonly timeoutSeconds?: number
  /** With a mask: new = (old & ~mask) ^ value. */
  readonly mark?: number | MarkFilter
  /** Bits to set. The kernel refuses to clear `seen-reply` and `assured`: name them where the flow has them. */
  readonly status?: readonly FlowStatus[]
  /** Labels to set (and clear, of those in `labelsMask`); without a mask they replace all. */
  readonly labels?: readonly number[]
  readonly labelsMask?: readonly number[]
  readonly tcp?: { readonly state: TcpState }
  readonly helper?: string
}

/** A flow to be created. */
export interface NewFlow extends FlowChange {
  /** The kernel drops them without a word unless some rule of the namespace uses labels (`ct label`, `-m connlabel`). */
  readonly labels?: readonly number[]
  readonly original: FlowTuple
  /** @default the original direction turned round */
  readonly reply?: FlowTuple
  /** Seconds. The kernel wants one. */
  readonly timeoutSeconds: number
  readonly zone?: number
  readonly sctp?: {
    readonly state: SctpState
    readonly tags?: { readonly original: number; readonly reply: number }
  }
  readonly master?: FlowTuple
  /** Have the kernel translate: the reply direction follows. */
  readonly nat?: {
    readonly source?: { readonly address: string; readonly port?: number }
    readonly destination?: { readonly address: string; readonly port?: number }
  }
}
