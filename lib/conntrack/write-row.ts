/** Flows to be created, changed, found or deleted, as rows of native/conntrack/records.h. */
import { AF_INET, AF_INET6 } from '../address.js'
import { checkInteger, checkKeys, checkList } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { native } from '../native.js'
import type { FlowField } from '../native-conntrack.js'
import { littleEndian, offsetsOf } from '../record.js'
import { checkMark, checkPort, checkZone, putAddress } from './checks.js'
import type { FlowChange, FlowKey, NewFlow } from './filter-types.js'
import {
  SCTP_STATES,
  STATUS_BITS,
  TCP_STATES,
  bitsOf,
  hasPorts,
  isIcmp,
  position,
  protocolNumber,
} from './names.js'
import type { FlowTuple } from './types.js'

const KEY_KEYS = ['original', 'zone', 'id'] as const
const TUPLE_KEYS = [
  'source',
  'destination',
  'protocol',
  'sourcePort',
  'destinationPort',
  'icmp',
  'zone',
] as const
const CHANGE_KEYS = ['timeoutSeconds', 'mark', 'status', 'labels', 'labelsMask', 'tcp', 'helper'] as const
const NEW_KEYS = [...CHANGE_KEYS, 'original', 'reply', 'zone', 'sctp', 'master', 'nat'] as const
const U32 = 0xffffffff
const LABELS_BYTES = 16
const CONFIRMED = bitsOf(['confirmed'], STATUS_BITS, 'status')

/** ICMP messages that answer one another; of all others, a flow cannot be made. [nf_conntrack_proto_icmp.c] */
const ICMP_ANSWERS: Readonly<Record<number, number>> = {
  8: 0,
  0: 8,
  13: 14,
  14: 13,
  15: 16,
  16: 15,
  17: 18,
  18: 17,
}
const ICMPV6_ANSWERS: Readonly<Record<number, number>> = { 128: 129, 129: 128, 139: 140, 140: 139 }

export function creationRow(flow: NewFlow, field = 'flow'): Uint8Array {
  checkKeys(flow, field, NEW_KEYS)
  const writer = new RowWriter(native().conntrack.constants.writeCreate, field)
  if (flow.timeoutSeconds === undefined) {
    throw new InvalidArgumentError(`${field}.timeoutSeconds`, undefined, 'a number of seconds')
  }
  writer.tuple('original', flow.original)
  writer.tuple('reply', flow.reply ?? turnedRound(flow.original))
  if (flow.zone !== undefined) writer.zone(flow.zone)
  writer.change(flow)
  if (flow.sctp !== undefined) writer.sctp(flow.sctp)
  if (flow.master !== undefined) writer.tuple('master', flow.master)
  if (flow.nat !== undefined) writer.nat(flow.nat)
  return writer.bytes
}

export function changeRow(key: FlowKey, change: FlowChange): Uint8Array {
  const writer = new RowWriter(native().conntrack.constants.writeUpdate, 'change')
  writer.key(key)
  if (key.id !== undefined) {
    throw new InvalidArgumentError('key.id', key.id, 'no id: the kernel changes whatever flow has the tuple')
  }
  checkKeys(change, 'change', CHANGE_KEYS)
  writer.change(change)
  return writer.bytes
}

/** A flow row of which only the identity is filled in. */
export function keyRow(key: FlowKey): Uint8Array {
  const { constants, writeRow, flowRow } = native().conntrack
  const writer = new RowWriter(constants.writeDelete, 'key')
  writer.key(key)
  const { offset } = writeRow.fields.flow
  return writer.bytes.subarray(offset, offset + flowRow.size)
}

/** The other direction of a flow that nothing translates. */
export function turnedRound(tuple: FlowTuple): FlowTuple {
  const { source, destination, protocol, sourcePort, destinationPort, icmp } = tuple
  return {
    source: destination,
    destination: source,
    protocol,
    ...(destinationPort !== undefined && { sourcePort: destinationPort }),
    ...(sourcePort !== undefined && { destinationPort: sourcePort }),
    ...(icmp !== undefined && { icmp: { ...icmp, type: answerTo(protocol, icmp.type) } }),
  }
}

function answerTo(protocol: FlowTuple['protocol'], type: number): number {
  const answers = protocol === 'icmpv6' || protocol === 58 ? ICMPV6_ANSWERS : ICMP_ANSWERS
  return answers[type] ?? type
}

class RowWriter {
  readonly bytes: Uint8Array
  private readonly view: DataView
  private readonly at = offsetsOf(native().conntrack.writeRow.fields)
  private readonly flowAt = offsetsOf(native().conntrack.flowRow.fields)
  private readonly tupleAt = offsetsOf(native().conntrack.tuple.fields)
  private readonly has = native().conntrack.constants
  private readonly flow: number

  constructor(
    kind: number,
    private readonly field: string,
  ) {
    this.bytes = new Uint8Array(native().conntrack.writeRow.size)
    this.view = new DataView(this.bytes.buffer)
    this.flow = this.at.flow
    this.view.setUint32(this.at.kind, kind, littleEndian)
  }

  key(key: FlowKey): void {
    checkKeys(key, 'key', KEY_KEYS)
    this.tuple('original', key.original, 'key')
    if (key.zone !== undefined) this.zone(key.zone)
    if (key.id !== undefined) this.number('id', key.id, this.has.hasId)
  }

  zone(zone: number): void {
    this.view.setUint16(this.flow + this.flowAt.zone, checkZone(zone, `${this.field}.zone`), littleEndian)
    this.mark(this.has.hasZone)
  }

  change(change: FlowChange): void {
    const { timeoutSeconds, mark, status, labels, labelsMask, tcp, helper } = change
    if (timeoutSeconds !== undefined) this.number('timeoutSeconds', timeoutSeconds, this.has.hasTimeout)
    if (mark !== undefined) this.changeMark(mark)
    if (status !== undefined) {
      // Every entry of the table is confirmed, and the kernel refuses a status without that bit.
      const bits = bitsOf(status, STATUS_BITS, `${this.field}.status`) | CONFIRMED
      this.number('status', bits, this.has.hasStatus)
    }
    if (labels !== undefined) this.labels('labels', labels, this.has.hasLabels)
    if (labelsMask !== undefined) this.labels('labelsMask', labelsMask, this.has.hasLabelsMask)
    if (tcp !== undefined) {
      checkKeys(tcp, `${this.field}.tcp`, ['state'])
      this.bytes[this.flow + this.flowAt.tcpState] = position(
        tcp.state,
        TCP_STATES,
        `${this.field}.tcp.state`,
      )
      this.mark(this.has.hasTcp)
    }
    if (helper !== undefined) this.helper(helper)
  }

  sctp(sctp: NonNullable<NewFlow['sctp']>): void {
    checkKeys(sctp, `${this.field}.sctp`, ['state', 'tags'])
    const { state, tags } = sctp
    if (tags !== undefined) checkKeys(tags, `${this.field}.sctp.tags`, ['original', 'reply'])
    this.bytes[this.flow + this.flowAt.sctpState] = position(state, SCTP_STATES, `${this.field}.sctp.state`)
    this.number('sctpTagOriginal', tags?.original ?? 0, this.has.hasSctp)
    this.number('sctpTagReply', tags?.reply ?? 0, this.has.hasSctp)
  }

  nat(nat: NonNullable<NewFlow['nat']>): void {
    checkKeys(nat, `${this.field}.nat`, ['source', 'destination'])
    if (nat.source !== undefined) this.natEnd('source', nat.source)
    if (nat.destination !== undefined) this.natEnd('destination', nat.destination)
  }

  private natEnd(end: 'source' | 'destination', to: { address: string; port?: number }): void {
    const field = `${this.field}.nat.${end}`
    checkKeys(to, field, ['address', 'port'])
    const family = putAddress(to.address, `${field}.address`, this.bytes, this.at[`${end}NatAddress`])
    if (family !== this.bytes[this.flow + this.flowAt.original + this.tupleAt.family]) {
      throw new InvalidArgumentError(`${field}.address`, to.address, 'an address of the family of the flow')
    }
    this.view.setUint16(this.at[`${end}NatPort`], checkPort(to.port ?? 0, `${field}.port`), littleEndian)
    this.bytes[this.at[`${end}NatUsed`]] = 1
  }

  tuple(direction: 'original' | 'reply' | 'master', tuple: FlowTuple, parent = this.field): void {
    const field = `${parent}.${direction}`
    checkKeys(tuple, field, TUPLE_KEYS)
    const start = this.flow + this.flowAt[direction]
    const at = this.tupleAt
    const family = putAddress(tuple.source, `${field}.source`, this.bytes, start + at.source)
    if (
      putAddress(tuple.destination, `${field}.destination`, this.bytes, start + at.destination) !== family
    ) {
      throw new InvalidArgumentError(
        `${field}.destination`,
        tuple.destination,
        'an address of the family of the source',
      )
    }
    const protocol = protocolNumber(tuple.protocol, `${field}.protocol`)
    this.bytes[start + at.family] = family === AF_INET ? AF_INET : AF_INET6
    this.bytes[start + at.protocol] = protocol
    if (hasPorts(protocol)) this.ports(start, tuple, field)
    if (isIcmp(protocol)) this.icmp(start, tuple, field)
    if (tuple.zone !== undefined && direction !== 'master') {
      this.view.setUint16(start + at.zone, checkZone(tuple.zone, `${field}.zone`), littleEndian)
      this.mark(direction === 'original' ? this.has.hasOriginalZone : this.has.hasReplyZone)
    }
    if (direction === 'master') this.mark(this.has.hasMaster)
  }

  private ports(start: number, tuple: FlowTuple, field: string): void {
    for (const name of ['sourcePort', 'destinationPort'] as const) {
      this.view.setUint16(
        start + this.tupleAt[name],
        checkPort(tuple[name], `${field}.${name}`),
        littleEndian,
      )
    }
  }

  private icmp(start: number, tuple: FlowTuple, field: string): void {
    checkKeys(tuple.icmp, `${field}.icmp`, ['id', 'type', 'code'])
    const { id, type, code } = tuple.icmp as NonNullable<FlowTuple['icmp']>
    this.view.setUint16(
      start + this.tupleAt.icmpId,
      checkInteger(id, `${field}.icmp.id`, 0, 65535),
      littleEndian,
    )
    this.bytes[start + this.tupleAt.icmpType] = checkInteger(type, `${field}.icmp.type`, 0, 255)
    this.bytes[start + this.tupleAt.icmpCode] = checkInteger(code, `${field}.icmp.code`, 0, 255)
  }

  private changeMark(mark: NonNullable<FlowChange['mark']>): void {
    const { value, mask } = checkMark(mark, `${this.field}.mark`)
    this.number('mark', value, this.has.hasMark)
    if (mask !== U32) this.number('markMask', mask, this.has.hasMarkMask)
  }

  private labels(name: 'labels' | 'labelsMask', labels: readonly number[], present: number): void {
    checkList(labels, `${this.field}.${name}`, `a list of labels, 0 to ${LABELS_BYTES * 8 - 1}`)
    for (const [index, label] of labels.entries()) {
      checkInteger(label, `${this.field}.${name}[${index}]`, 0, LABELS_BYTES * 8 - 1)
      const byte = this.flow + this.flowAt[name] + (label >> 3)
      this.bytes[byte] = (this.bytes[byte] ?? 0) | (1 << (label & 7))
    }
    this.bytes[this.flow + this.flowAt.labelsSize] = LABELS_BYTES
    this.mark(present)
  }

  private helper(name: string): void {
    if (typeof name !== 'string' || !/^[!-~]{1,15}$/.test(name)) {
      throw new InvalidArgumentError(
        `${this.field}.helper`,
        name,
        'a name of 1 to 15 printable ASCII characters',
      )
    }
    this.bytes.set(Buffer.from(name, 'latin1'), this.flow + this.flowAt.helper)
    this.mark(this.has.hasHelper)
  }

  private number(name: FlowField, value: number, present: number): void {
    const checked = checkInteger(value, `${this.field}.${name}`, 0, U32)
    this.view.setUint32(this.flow + this.flowAt[name], checked, littleEndian)
    this.mark(present)
  }

  private mark(present: number): void {
    const offset = this.flow + this.flowAt.present
    this.view.setUint32(offset, (this.view.getUint32(offset, littleEndian) | present) >>> 0, littleEndian)
  }
}
