/** An EventFilter as the rows that native/conntrack/filter_rules.cc takes. */
import { checkChoice, checkInteger, checkKeys, checkList } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { native } from '../native.js'
import { littleEndian, offsetsOf } from '../record.js'
import { checkMarkFilter, checkZone, putAddress, putNetwork } from './checks.js'
import type { EndpointFilter, EventFilter } from './filter-types.js'
import { protocolNumber } from './names.js'

const KEYS = ['events', 'destinations', 'prefixes', 'servers', 'sources', 'zone', 'mark', 'services'] as const
const ENDPOINT_KEYS = ['protocol', 'address', 'port'] as const
const KINDS = ['new', 'update', 'destroy'] as const

/** What crosses the boundary: conditions that must hold, and the members of their sets. */
export interface FilterTable {
  readonly conditions: number
  readonly rows: ArrayBuffer
}

/** Throws InvalidArgumentError where the filter is none. */
export function compileEventFilter(filter: EventFilter): FilterTable {
  checkKeys(filter, 'filter', KEYS)
  const { destinations, prefixes, servers, sources, zone, mark } = filter
  const { constants } = native().conntrack
  const table = new TableWriter(
    count(destinations) + count(prefixes) + count(servers) + count(sources) + count(zone) + count(mark),
  )
  if (filter.services !== undefined) checkChoice(filter.services, 'filter.services', ['ipvs'])
  let conditions = kinds(filter.events)
  if (
    destinations !== undefined ||
    prefixes !== undefined ||
    servers !== undefined ||
    filter.services !== undefined
  ) {
    conditions |= constants.filterByService
    table.endpoints(constants.roleService, destinations, 'filter.destinations')
    table.endpoints(constants.roleServer, servers, 'filter.servers')
    table.networks(constants.roleDestinationPrefix, prefixes, 'filter.prefixes')
  }
  if (sources !== undefined) {
    conditions |= constants.filterBySource
    table.networks(constants.roleSourcePrefix, sources, 'filter.sources')
  }
  if (zone !== undefined) {
    conditions |= constants.filterByZone
    table.zones(asList(zone))
  }
  if (mark !== undefined) {
    conditions |= constants.filterByMark
    table.marks(asList(mark), constants.mostMarks)
  }
  return { conditions, rows: table.buffer }
}

function kinds(events: EventFilter['events']): number {
  const { constants } = native().conntrack
  const bits = { new: constants.filterNew, update: constants.filterUpdate, destroy: constants.filterDestroy }
  if (events === undefined) return bits.new | bits.update | bits.destroy
  checkList(events, 'filter.events', `a list of ${KINDS.join(', ')}`)
  return events.reduce<number>((all, kind: (typeof KINDS)[number], index) => {
    return all | bits[checkChoice(kind, `filter.events[${index}]`, KINDS)]
  }, 0)
}

function count(list: unknown): number {
  if (list === undefined) return 0
  return Array.isArray(list) ? list.length : 1
}

function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

class TableWriter {
  readonly buffer: ArrayBuffer
  private readonly at = offsetsOf(native().conntrack.filterRow.fields)
  private readonly rowSize = native().conntrack.filterRow.size
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private row = 0

  constructor(rows: number) {
    this.buffer = new ArrayBuffer(rows * this.rowSize)
    this.bytes = new Uint8Array(this.buffer)
    this.view = new DataView(this.buffer)
  }

  endpoints(role: number, list: readonly EndpointFilter[] | undefined, field: string): void {
    if (list === undefined) return
    checkList(list, field)
    for (const [index, endpoint] of list.entries()) this.endpoint(role, endpoint, `${field}[${index}]`)
  }

  private endpoint(role: number, endpoint: EndpointFilter, field: string): void {
    checkKeys(endpoint, field, ENDPOINT_KEYS)
    const { address, port = 0, protocol } = endpoint
    const row = this.begin(role)
    this.bytes[row + this.at.family] = putAddress(
      address,
      `${field}.address`,
      this.bytes,
      row + this.at.address,
    )
    this.bytes[row + this.at.protocol] = protocolNumber(protocol, `${field}.protocol`)
    this.view.setUint16(row + this.at.port, checkInteger(port, `${field}.port`, 0, 65535), littleEndian)
  }

  networks(role: number, list: readonly string[] | undefined, field: string): void {
    if (list === undefined) return
    checkList(list, field)
    for (const [index, text] of list.entries()) {
      const row = this.begin(role)
      const network = putNetwork(text, `${field}[${index}]`, this.bytes, row + this.at.address)
      this.bytes[row + this.at.family] = network.family
      this.bytes[row + this.at.prefixLength] = network.length
    }
  }

  zones(list: readonly unknown[]): void {
    for (const zone of list) {
      const row = this.begin(native().conntrack.constants.roleZone)
      this.view.setUint16(row + this.at.port, checkZone(zone, 'filter.zone'), littleEndian)
    }
  }

  marks(list: readonly unknown[], most: number): void {
    if (list.length > most) throw new InvalidArgumentError('filter.mark', list, `at most ${most} marks`)
    for (const mark of list) {
      const { value, mask } = checkMarkFilter(mark, 'filter.mark')
      const row = this.begin(native().conntrack.constants.roleMark)
      this.view.setUint32(row + this.at.value, value, littleEndian)
      this.view.setUint32(row + this.at.mask, mask, littleEndian)
    }
  }

  private begin(role: number): number {
    const row = this.row
    this.row += this.rowSize
    this.bytes[row + this.at.role] = role
    return row
  }
}
