/** Rows of native/conntrack/records.h as objects. */
import { AF_INET, readAddress } from '../address.js'
import { native } from '../native.js'
import type { ConntrackCalls, ExpectationField, FlowField, TupleField } from '../native-conntrack.js'
import { littleEndian, offsetsOf, readText, type Offsets } from '../record.js'
import {
  DCCP_STATES,
  EXPECTATION_FLAGS,
  SCTP_STATES,
  TCP_STATES,
  hasPorts,
  isIcmp,
  protocolName,
  statusNames,
} from './names.js'
import type {
  CpuStats,
  Expectation,
  ExpectationEvent,
  Flow,
  FlowEvent,
  FlowEventType,
  FlowTuple,
  SequenceAdjustment,
} from './types.js'

const EVENT_TYPES: readonly (FlowEventType | undefined)[] = [undefined, 'new', 'update', 'destroy']

/** What is being put together; readonly for everybody else. */
type Draft<T> = { -readonly [Key in keyof T]: T[Key] }

export class ConntrackReader {
  readonly expectationSize: number
  readonly cpuStatsSize: number
  readonly flowChunkKind: number
  private readonly flow: Offsets<FlowField>
  private readonly expectation: Offsets<ExpectationField>
  private readonly tuple: Offsets<TupleField>
  private readonly constants: ConntrackCalls['constants']
  private readonly textSizes: { helper: number; securityContext: number; function: number }
  private readonly cpuStatsFields: readonly [keyof CpuStats, number][]
  /** Present bits of what few flows have: one test spares many. */
  private readonly rare: number

  constructor() {
    const { flowRow, expectationRow, tuple, cpuStatsRow, constants } = native().conntrack
    this.expectationSize = expectationRow.size
    this.cpuStatsSize = cpuStatsRow.size
    this.flowChunkKind = constants.chunkFlows
    this.flow = offsetsOf(flowRow.fields)
    this.expectation = offsetsOf(expectationRow.fields)
    this.tuple = offsetsOf(tuple.fields)
    this.constants = constants
    this.textSizes = {
      helper: flowRow.fields.helper.size,
      securityContext: flowRow.fields.securityContext.size,
      function: expectationRow.fields.function.size,
    }
    this.cpuStatsFields = Object.entries(cpuStatsRow.fields).map(([name, { offset }]) => [
      name as keyof CpuStats,
      offset,
    ])
    this.rare =
      constants.hasSctp |
      constants.hasDccp |
      constants.hasLabels |
      constants.hasHelper |
      constants.hasMaster |
      constants.hasSecurityContext |
      constants.hasSecurityMark |
      constants.hasOriginalAdjustment |
      constants.hasReplyAdjustment |
      constants.hasSynproxy |
      constants.hasEventTime |
      constants.hasUse
  }

  flowEvent(view: DataView, bytes: Uint8Array, row: number): FlowEvent {
    const at = this.flow
    const event = this.flowAt(view, bytes, row) as Draft<FlowEvent>
    event.type = EVENT_TYPES[bytes[row + at.kind] ?? 0] ?? 'update'
    event.synthetic = bytes[row + at.synthetic] !== 0
    const nsid = view.getInt32(row + at.nsid, littleEndian)
    if (nsid >= 0) event.nsid = nsid
    const causedBy = view.getUint32(row + at.causedBy, littleEndian)
    if (causedBy !== 0) event.causedBy = causedBy
    return event
  }

  flowAt(view: DataView, bytes: Uint8Array, row: number): Flow {
    const at = this.flow
    const has = this.constants
    const present = view.getUint32(row + at.present, littleEndian)
    const original = this.tupleAt(view, bytes, row + at.original, (present & has.hasOriginalZone) !== 0)
    const reply = this.tupleAt(view, bytes, row + at.reply, (present & has.hasReplyZone) !== 0)
    const flow: Draft<Flow> = {
      family: bytes[row + at.original + this.tuple.family] === AF_INET ? 'inet' : 'inet6',
      protocol: original.protocol,
      original,
      reply,
      status: statusNames(view.getUint32(row + at.status, littleEndian)),
      mark: view.getUint32(row + at.mark, littleEndian),
      zone: view.getUint16(row + at.zone, littleEndian),
      id: view.getUint32(row + at.id, littleEndian),
    }
    if (present & has.hasTimeout) flow.timeoutSeconds = view.getUint32(row + at.timeoutSeconds, littleEndian)
    if (present & has.hasTcp) flow.tcp = this.tcpAt(bytes, row)
    if (present & has.hasOriginalCounters) flow.counters = this.countersAt(view, row)
    if (present & has.hasStart) flow.timestamps = this.timestampsAt(view, row, (present & has.hasStop) !== 0)
    const nat = translation(original, reply)
    if (nat !== undefined) flow.nat = nat
    if (present & this.rare) this.readRare(view, bytes, row, present, flow)
    return flow
  }

  expectationEvent(view: DataView, bytes: Uint8Array, row: number): ExpectationEvent {
    const at = this.expectation
    const nsid = view.getInt32(row + at.nsid, littleEndian)
    const causedBy = view.getUint32(row + at.causedBy, littleEndian)
    return {
      type: `expectation-${EVENT_TYPES[bytes[row + at.kind] ?? 0] ?? 'update'}`,
      ...(nsid >= 0 && { nsid }),
      ...(causedBy !== 0 && { causedBy }),
      ...this.expectationAt(view, bytes, row),
    }
  }

  expectationAt(view: DataView, bytes: Uint8Array, row: number): Expectation {
    const at = this.expectation
    const flags = view.getUint32(row + at.flags, littleEndian)
    const helper = readText(bytes, row + at.helper, this.textSizes.helper)
    const callback = readText(bytes, row + at.function, this.textSizes.function)
    const hasNat = bytes[row + at.nat + this.tuple.family] !== 0
    return {
      family: bytes[row + at.tuple + this.tuple.family] === AF_INET ? 'inet' : 'inet6',
      tuple: this.tupleAt(view, bytes, row + at.tuple, false),
      mask: this.tupleAt(view, bytes, row + at.mask, false),
      master: this.tupleAt(view, bytes, row + at.master, false),
      timeoutSeconds: view.getUint32(row + at.timeoutSeconds, littleEndian),
      id: view.getUint32(row + at.id, littleEndian),
      zone: view.getUint16(row + at.zone, littleEndian),
      flags: EXPECTATION_FLAGS.filter((_, bit) => (flags >>> bit) & 1),
      class: view.getUint32(row + at.class, littleEndian),
      ...(helper !== '' && { helper }),
      ...(callback !== '' && { function: callback }),
      ...(hasNat && {
        nat: {
          direction: bytes[row + at.natDirection] === 0 ? 'original' : 'reply',
          tuple: this.tupleAt(view, bytes, row + at.nat, false),
        },
      }),
    }
  }

  cpuStats(view: DataView, row: number): CpuStats {
    const stats = {} as Record<keyof CpuStats, number>
    for (const [name, offset] of this.cpuStatsFields) stats[name] = view.getUint32(row + offset, littleEndian)
    return stats
  }

  private tupleAt(view: DataView, bytes: Uint8Array, start: number, zoned: boolean): FlowTuple {
    const at = this.tuple
    const family = bytes[start + at.family] ?? 0
    const protocol = bytes[start + at.protocol] ?? 0
    const tuple: Draft<FlowTuple> = {
      source: readAddress(family, bytes, start + at.source),
      destination: readAddress(family, bytes, start + at.destination),
      protocol: protocolName(protocol),
    }
    if (hasPorts(protocol)) {
      tuple.sourcePort = view.getUint16(start + at.sourcePort, littleEndian)
      tuple.destinationPort = view.getUint16(start + at.destinationPort, littleEndian)
    } else if (isIcmp(protocol)) {
      tuple.icmp = {
        id: view.getUint16(start + at.icmpId, littleEndian),
        type: bytes[start + at.icmpType] ?? 0,
        code: bytes[start + at.icmpCode] ?? 0,
      }
    }
    if (zoned) tuple.zone = view.getUint16(start + at.zone, littleEndian)
    return tuple
  }

  private tcpAt(bytes: Uint8Array, row: number): NonNullable<Flow['tcp']> {
    const at = this.flow
    const byte = (field: FlowField) => bytes[row + at[field]] ?? 0
    return {
      state: TCP_STATES[byte('tcpState')] ?? 'none',
      windowScale: { original: byte('tcpWindowScaleOriginal'), reply: byte('tcpWindowScaleReply') },
      flags: {
        original: { value: byte('tcpFlagsOriginal'), mask: byte('tcpFlagsMaskOriginal') },
        reply: { value: byte('tcpFlagsReply'), mask: byte('tcpFlagsMaskReply') },
      },
    }
  }

  private countersAt(view: DataView, row: number): NonNullable<Flow['counters']> {
    const at = this.flow
    const wide = (field: FlowField) => view.getBigUint64(row + at[field], littleEndian)
    return {
      original: { packets: wide('originalPackets'), bytes: wide('originalBytes') },
      reply: { packets: wide('replyPackets'), bytes: wide('replyBytes') },
    }
  }

  private timestampsAt(view: DataView, row: number, stopped: boolean): NonNullable<Flow['timestamps']> {
    const at = this.flow
    const startNs = view.getBigUint64(row + at.startNs, littleEndian)
    return stopped ? { startNs, stopNs: view.getBigUint64(row + at.stopNs, littleEndian) } : { startNs }
  }

  private readRare(view: DataView, bytes: Uint8Array, row: number, present: number, flow: Draft<Flow>): void {
    const at = this.flow
    const has = this.constants
    const number = (field: FlowField) => view.getUint32(row + at[field], littleEndian)
    const byte = (field: FlowField) => bytes[row + at[field]] ?? 0
    if (present & has.hasUse) flow.use = number('use')
    if (present & has.hasEventTime) flow.eventNs = view.getBigUint64(row + at.eventNs, littleEndian)
    if (present & has.hasSctp) {
      const tags = { original: number('sctpTagOriginal'), reply: number('sctpTagReply') }
      flow.sctp = { state: SCTP_STATES[byte('sctpState')] ?? 'none', tags }
    }
    if (present & has.hasDccp) {
      flow.dccp = {
        state: DCCP_STATES[byte('dccpState')] ?? 'none',
        role: byte('dccpRole') === 0 ? 'client' : 'server',
        handshakeSequence: view.getBigUint64(row + at.dccpHandshakeSequence, littleEndian),
      }
    }
    if (present & has.hasLabels) flow.labels = this.labelsAt(bytes, row)
    if (present & has.hasHelper) flow.helper = readText(bytes, row + at.helper, this.textSizes.helper)
    if (present & has.hasMaster) flow.master = this.tupleAt(view, bytes, row + at.master, false)
    if (present & has.hasSecurityContext) {
      flow.securityContext = readText(bytes, row + at.securityContext, this.textSizes.securityContext)
      if (present & has.cutSecurityContext) flow.securityContextCut = true
    }
    if (present & has.hasSecurityMark) flow.securityMark = number('securityMark')
    if (present & (has.hasOriginalAdjustment | has.hasReplyAdjustment)) {
      flow.sequenceAdjustment = this.adjustmentsAt(view, row, present)
    }
    if (present & has.hasSynproxy) {
      flow.synproxy = {
        initialSequence: number('synproxyInitialSequence'),
        initialTimestamp: number('synproxyInitialTimestamp'),
        timestampOffset: number('synproxyTimestampOffset'),
      }
    }
  }

  private labelsAt(bytes: Uint8Array, row: number): number[] {
    const size = bytes[row + this.flow.labelsSize] ?? 0
    const labels: number[] = []
    for (let bit = 0; bit < size * 8; bit++) {
      const byte = bytes[row + this.flow.labels + (bit >> 3)] ?? 0
      if ((byte >> (bit & 7)) & 1) labels.push(bit)
    }
    return labels
  }

  private adjustmentsAt(
    view: DataView,
    row: number,
    present: number,
  ): NonNullable<Flow['sequenceAdjustment']> {
    const at = this.flow
    const has = this.constants
    const read = (position: FlowField, before: FlowField, after: FlowField): SequenceAdjustment => ({
      correctionPosition: view.getUint32(row + at[position], littleEndian),
      offsetBefore: view.getInt32(row + at[before], littleEndian),
      offsetAfter: view.getInt32(row + at[after], littleEndian),
    })
    return {
      ...(present & has.hasOriginalAdjustment && {
        original: read('originalAdjustPosition', 'originalOffsetBefore', 'originalOffsetAfter'),
      }),
      ...(present & has.hasReplyAdjustment && {
        reply: read('replyAdjustPosition', 'replyOffsetBefore', 'replyOffsetAfter'),
      }),
    }
  }
}

/**
 * What the tuples show: without translation the reply comes from where the original went, and goes where that came
 * from. The status bits would not do: IPVS translates without setting them.
 */
function translation(original: FlowTuple, reply: FlowTuple): Flow['nat'] {
  const moved = (from: string, to: string, fromPort?: number, toPort?: number) =>
    from !== to || fromPort !== toPort
  const destination = moved(original.destination, reply.source, original.destinationPort, reply.sourcePort)
  const source = moved(original.source, reply.destination, original.sourcePort, reply.destinationPort)
  if (!destination && !source) return undefined
  return {
    ...(source && { source: endpoint(reply.destination, reply.destinationPort) }),
    ...(destination && { destination: endpoint(reply.source, reply.sourcePort) }),
  }
}

function endpoint(address: string, port: number | undefined): { address: string; port?: number } {
  return port === undefined ? { address } : { address, port }
}

let reader: ConntrackReader | undefined

export function conntrackReader(): ConntrackReader {
  return (reader ??= new ConntrackReader())
}
