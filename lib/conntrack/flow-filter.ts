/** A FlowFilter as the record that native/conntrack/flow_filter.cc takes. */
import { AF_INET, AF_INET6 } from '../address.js'
import { checkKeys } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { native } from '../native.js'
import { littleEndian, offsetsOf } from '../record.js'
import { checkMarkFilter, checkPort, checkZone, putNetwork } from './checks.js'
import type { DirectionFilter, FlowFilter } from './filter-types.js'
import { STATUS_BITS, bitsOf, protocolNumber } from './names.js'
import type { FlowFamily } from './types.js'

const KEYS = ['family', 'protocol', 'original', 'reply', 'mark', 'status', 'zone'] as const
const DIRECTION_KEYS = ['source', 'destination', 'sourcePort', 'destinationPort'] as const

export function checkFamily(family: unknown, field: string): number {
  if (family === 'inet') return AF_INET
  if (family === 'inet6') return AF_INET6
  throw new InvalidArgumentError(field, family, `'inet' or 'inet6'`)
}

/** Throws InvalidArgumentError where the filter is none, or contradicts itself. */
export function compileFlowFilter(filter: FlowFilter): Uint8Array {
  checkKeys(filter, 'filter', KEYS)
  const { flowFilter, constants } = native().conntrack
  const at = offsetsOf(flowFilter.fields)
  const bytes = new Uint8Array(flowFilter.size)
  const view = new DataView(bytes.buffer)
  const { family, protocol, mark, status, zone } = filter
  const families = new FamilyCheck(family)
  let used = 0
  if (protocol !== undefined) {
    used |= constants.byProtocol
    bytes[at.protocol] = protocolNumber(protocol, 'filter.protocol')
  }
  if (mark !== undefined) {
    used |= constants.byMark
    const { value, mask } = checkMarkFilter(mark, 'filter.mark')
    view.setUint32(at.mark, value, littleEndian)
    view.setUint32(at.markMask, mask, littleEndian)
  }
  const bits = status === undefined ? 0 : bitsOf(status, STATUS_BITS, 'filter.status')
  if (bits !== 0) {
    used |= constants.byStatus
    view.setUint32(at.status, bits, littleEndian)
    view.setUint32(at.statusMask, bits, littleEndian)
  }
  if (zone !== undefined) {
    used |= constants.byZone
    view.setUint16(at.zone, checkZone(zone, 'filter.zone'), littleEndian)
  }
  putDirection(bytes, at.original, filter.original, 'filter.original', families)
  putDirection(bytes, at.reply, filter.reply, 'filter.reply', families)
  bytes[at.family] = families.number
  view.setUint32(at.used, used, littleEndian)
  return bytes
}

/** The same for a deletion, which must not take everything by mistake: somebody meant to say what to delete. */
export function compileDeletion(filter: FlowFilter): Uint8Array {
  const compiled = compileFlowFilter(filter)
  // A condition sets a bit, if only that it is used.
  if (compiled.every((byte) => byte === 0)) {
    throw new InvalidArgumentError('filter', filter, 'at least one condition; flush() deletes all flows')
  }
  return compiled
}

/** All addresses of a filter, and its family, are of one family: otherwise it would silently match nothing. */
class FamilyCheck {
  number = 0

  constructor(family: FlowFamily | undefined) {
    if (family !== undefined) this.number = checkFamily(family, 'filter.family')
  }

  add(family: number, field: string, value: unknown): void {
    if (this.number !== 0 && this.number !== family) {
      throw new InvalidArgumentError(
        field,
        value,
        `an IPv${this.number === AF_INET ? 4 : 6} address, as the rest`,
      )
    }
    this.number = family
  }
}

function putDirection(
  bytes: Uint8Array,
  start: number,
  direction: DirectionFilter | undefined,
  field: string,
  families: FamilyCheck,
): void {
  if (direction === undefined) return
  checkKeys(direction, field, DIRECTION_KEYS)
  const { directionFilter, constants } = native().conntrack
  const at = offsetsOf(directionFilter.fields)
  const view = new DataView(bytes.buffer)
  let used = 0
  for (const [name, bit] of [
    ['source', constants.fieldSource],
    ['destination', constants.fieldDestination],
  ] as const) {
    const network = direction[name]
    if (network === undefined) continue
    const { family, length } = putNetwork(network, `${field}.${name}`, bytes, start + at[name])
    families.add(family, `${field}.${name}`, network)
    bytes[start + at[`${name}Prefix`]] = length
    used |= bit
  }
  for (const [name, bit] of [
    ['sourcePort', constants.fieldSourcePort],
    ['destinationPort', constants.fieldDestinationPort],
  ] as const) {
    const port = direction[name]
    if (port === undefined) continue
    view.setUint16(start + at[name], checkPort(port, `${field}.${name}`), littleEndian)
    used |= bit
  }
  view.setUint16(start + at.used, used, littleEndian)
}
