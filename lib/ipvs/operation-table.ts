/**
 * Operation rows for native/ipvs: services and servers become fixed-size records here, checked field by field first,
 * since the kernel gives no reasons when it refuses. Layout: native/ipvs/records.h, OperationRow.
 */
import { AF_INET, AF_INET6, writeAddress, writeColumnAddress, type AddressFamily } from '../address.js'
import { checkInteger, checkKeys, checkObject } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { native, type IpvsCalls } from '../native.js'
import { littleEndian, writeText } from '../record.js'
import { RowTable } from '../row-table.js'
import { checkServerFields, checkServiceFields } from './fields.js'
import { netmaskOf } from './netmask.js'
import {
  addressAllowed,
  checkKernelName,
  MOST_PERSISTENCE_SECONDS,
  pick,
  PROTOCOLS,
  schedulerFlagBits,
  vocabulary,
  type Vocabulary,
} from './validate.js'
import {
  isFwmarkKey,
  type AddressServiceKey,
  type FwmarkServiceKey,
  type Server,
  type ServerKey,
  type Service,
  type ServiceKey,
} from './types.js'

export type OperationName =
  'addService' | 'updateService' | 'removeService' | 'addServer' | 'updateServer' | 'removeServer'

export const MAX_WEIGHT = 0x7fffffff

/** What may differ from row to row when one server is repeated, a value each. */
export interface RepeatedValues {
  /** IPv4 in host order, or 16 bytes of IPv6 each. */
  readonly addresses: Uint32Array | Uint8Array
  readonly ports: Uint16Array | undefined
  readonly weights: Uint32Array | undefined
}

/** A table of IPVS operations. */
export class OperationTable extends RowTable<keyof IpvsCalls['operationRow']['fields']> {
  private readonly constants: IpvsCalls['constants']
  private readonly names: Vocabulary
  // The key written last by address, and where: servers of one service repeat it.
  private readonly lastKey = {
    bytes: new Uint8Array() as Uint8Array,
    row: 0,
    address: '',
    protocol: '',
    port: -1,
    family: AF_INET as AddressFamily,
  }

  constructor() {
    const { operationRow, constants } = native().ipvs
    super(operationRow)
    this.constants = constants
    this.names = vocabulary(constants)
  }

  addService(name: 'addService' | 'updateService', service: Service): void {
    const row = this.begin(name)
    const family = this.writeKey(row, service)
    this.writeServiceOptions(row, family, service)
    checkServiceFields(service)
    this.finishRow()
  }

  removeService(key: ServiceKey): void {
    const row = this.begin('removeService')
    this.writeKey(row, key)
    this.finishRow()
  }

  addServer(name: 'addServer' | 'updateServer', service: ServiceKey, server: Server): void {
    checkObject(server, 'server')
    const row = this.begin(name)
    const family = this.writeKey(row, service)
    const serverFamily = this.writeServerKey(row, service, server)
    this.writeServerOptions(row, family, serverFamily, server)
    checkServerFields(server)
    this.finishRow()
  }

  /** Repeats the last row, a server, from the second value on: the first is the row's own. The caller has checked them. */
  repeatServer(count: number, { addresses, ports, weights }: RepeatedValues): void {
    const { at, rowSize } = this
    let { bytes: source, offset: from } = this.locate(this.size - 1)
    for (let index = 1; index < count; index++) {
      const row = this.beginRow()
      if (source === this.bytes) source.copyWithin(row, from, from + rowSize)
      else this.bytes.set(source.subarray(from, from + rowSize), row)
      writeColumnAddress(addresses, index, this.bytes, row + at.serverAddress)
      if (ports !== undefined) this.view.setUint16(row + at.serverPort, ports[index] as number, littleEndian)
      if (weights !== undefined) this.view.setInt32(row + at.weight, weights[index] as number, littleEndian)
      this.finishRow()
      source = this.bytes
      from = row
    }
  }

  removeServer(service: ServiceKey, server: ServerKey): void {
    checkObject(server, 'server')
    const row = this.begin('removeServer')
    this.writeKey(row, service)
    this.writeServerKey(row, service, server)
    this.finishRow()
  }

  /** An operation from the bytes of rows, unchecked: see lib/ipvs/undo.ts. */
  addRow(name: OperationName, service: Uint8Array, server?: Uint8Array): void {
    const row = this.begin(name)
    this.bytes.set(service, row + this.at.family)
    if (server !== undefined) this.bytes.set(server, row + this.at.serverFamily)
    this.finishRow()
  }

  /** Copies a row of which the key (and, for servers, the server's key) is filled in, for a call that wants only that. */
  static keyRow(key: ServiceKey): Uint8Array {
    const table = new OperationTable()
    table.removeService(key)
    return table.tables()[0] as Uint8Array
  }

  private begin(name: OperationName): number {
    const row = this.beginRow()
    // The row before this was refused, if it began here: its key is gone.
    if (row === this.lastKey.row && this.bytes === this.lastKey.bytes) this.lastKey.address = ''
    this.view.setUint32(row + this.at.kind, this.constants[name], littleEndian)
    return row
  }

  private writeKey(row: number, key: ServiceKey): AddressFamily {
    const { view, at } = this
    checkObject(key, 'service')
    if (isFwmarkKey(key)) {
      checkMarkAlone(key)
      const family = fwmarkFamily(key.family)
      view.setUint8(row + at.family, family)
      view.setUint8(row + at.byMark, 1)
      view.setUint32(row + at.fwmark, checkInteger(key.fwmark, 'service.fwmark', 1, 0xffffffff), littleEndian)
      return family
    }
    const { address, protocol, port } = key
    const last = this.lastKey
    if (
      last.bytes === this.bytes &&
      last.address === address &&
      last.port === port &&
      last.protocol === protocol
    ) {
      this.bytes.copyWithin(row + at.family, last.row + at.family, last.row + at.scheduler)
      return last.family
    }
    const family = this.writeAddressField(row + at.address, address, 'service')
    view.setUint8(row + at.family, family)
    view.setUint16(row + at.protocol, pick(PROTOCOLS, protocol, 'service.protocol'), littleEndian)
    view.setUint16(row + at.port, checkInteger(port, 'service.port', 0, 0xffff), littleEndian)
    last.bytes = this.bytes
    last.row = row
    last.address = address
    last.protocol = protocol
    last.port = port
    last.family = family
    return family
  }

  private writeAddressField(offset: number, address: string, field: string): AddressFamily {
    const family = typeof address === 'string' ? writeAddress(address, this.bytes, offset) : 0
    if (family === 0) throw new InvalidArgumentError(`${field}.address`, address, 'an IPv4 or IPv6 address')
    return family
  }

  private writeServiceOptions(row: number, family: AddressFamily, service: Service): void {
    const { view, at, constants } = this
    const { persistence, onePacket = false } = service
    const scheduler = checkKernelName(service.scheduler ?? 'wlc', 'service.scheduler', 15)
    writeText(this.bytes, row + at.scheduler, scheduler)
    if (service.persistenceEngine !== undefined) {
      const name = checkKernelName(service.persistenceEngine, 'service.persistenceEngine', 15)
      writeText(this.bytes, row + at.persistenceEngine, name)
    }
    let flags = schedulerFlagBits(service.schedulerFlags, this.names.schedulerFlag)
    if (onePacket) flags |= this.onePacketFlag(service)
    if (persistence !== undefined) {
      checkKeys(persistence, 'service.persistence', ['timeoutSeconds', 'prefixLength', 'netmask'])
      flags |= constants.persistent
      const timeout = checkInteger(
        persistence.timeoutSeconds,
        'service.persistence.timeoutSeconds',
        1,
        MOST_PERSISTENCE_SECONDS,
      )
      view.setUint32(row + at.timeoutSeconds, timeout, littleEndian)
    } else if (!isFwmarkKey(service) && service.port === 0) {
      throw new InvalidArgumentError('service.port', 0, '1–65535 (0, any port, needs persistence)')
    }
    view.setUint32(row + at.flags, flags, littleEndian)
    view.setUint32(row + at.netmask, netmaskOf(family, persistence), littleEndian)
  }

  private onePacketFlag(service: Service): number {
    if (typeof service.onePacket !== 'boolean') {
      throw new InvalidArgumentError('service.onePacket', service.onePacket, 'true or false')
    }
    if (!isFwmarkKey(service) && service.protocol !== 'udp') {
      throw new InvalidArgumentError(
        'service.onePacket',
        true,
        'false, unless the service is UDP or by firewall mark',
      )
    }
    return this.constants.onePacket
  }

  private writeServerKey(row: number, service: ServiceKey, server: ServerKey): AddressFamily {
    const { view, at } = this
    const family = this.writeAddressField(row + at.serverAddress, server.address, 'server')
    if (!addressAllowed(family, this.bytes, row + at.serverAddress)) {
      throw new InvalidArgumentError('server.address', server.address, 'a unicast address')
    }
    const port = server.port ?? (isFwmarkKey(service) ? 0 : service.port)
    view.setUint8(row + at.serverFamily, family)
    view.setUint16(row + at.serverPort, checkInteger(port, 'server.port', 0, 0xffff), littleEndian)
    return family
  }

  private writeServerOptions(
    row: number,
    family: AddressFamily,
    serverFamily: AddressFamily,
    server: Server,
  ): void {
    const { view, at, constants } = this
    const method = server.forwarding
    const forwarding =
      method === undefined ? constants.masquerade : pick(this.names.forwarding, method, 'server.forwarding')
    if (family !== serverFamily && forwarding !== constants.tunnel) {
      throw new InvalidArgumentError(
        'server.forwarding',
        server.forwarding ?? 'masquerade',
        `'tunnel', since the server's family differs from the service's`,
      )
    }
    const { weight, upperThreshold = 0, lowerThreshold = 0 } = server
    view.setUint8(row + at.forwarding, forwarding)
    view.setInt32(
      row + at.weight,
      weight === undefined ? 1 : checkInteger(weight, 'server.weight', 0, MAX_WEIGHT),
      littleEndian,
    )
    if (upperThreshold !== 0 || lowerThreshold !== 0)
      this.writeThresholds(row, upperThreshold, lowerThreshold)
    if (server.tunnel !== undefined) this.writeTunnel(row, forwarding, server as Required<Server>)
  }

  private writeThresholds(row: number, upperThreshold: number, lowerThreshold: number): void {
    const upper = checkInteger(upperThreshold, 'server.upperThreshold', 0, MAX_WEIGHT)
    const lower = checkInteger(lowerThreshold, 'server.lowerThreshold', 0, MAX_WEIGHT)
    if (lower > upper) {
      throw new InvalidArgumentError('server.lowerThreshold', lower, `at most the upper threshold (${upper})`)
    }
    this.view.setUint32(row + this.at.upperThreshold, upper, littleEndian)
    this.view.setUint32(row + this.at.lowerThreshold, lower, littleEndian)
  }

  private writeTunnel(row: number, forwarding: number, server: Required<Server>): void {
    const { view, at, constants } = this
    checkKeys(server.tunnel, 'server.tunnel', ['type', 'port', 'checksum'])
    const { type = 'ipip', port, checksum } = server.tunnel
    if (forwarding !== constants.tunnel) {
      throw new InvalidArgumentError('server.tunnel', server.tunnel, `absent, unless forwarding is 'tunnel'`)
    }
    if (type !== 'gue' && port !== undefined && port !== 0) {
      throw new InvalidArgumentError('server.tunnel.port', port, `absent, unless the tunnel's type is 'gue'`)
    }
    if (type === 'ipip' && checksum !== undefined && checksum !== 'none') {
      throw new InvalidArgumentError('server.tunnel.checksum', checksum, `'none' for an ipip tunnel`)
    }
    if (type === 'gre' && checksum === 'remote-checksum') {
      throw new InvalidArgumentError(
        'server.tunnel.checksum',
        checksum,
        `'none' or 'checksum' for a gre tunnel`,
      )
    }
    view.setUint8(row + at.tunnelType, pick(this.names.tunnelType, type, 'server.tunnel.type'))
    if (type === 'gue') {
      view.setUint16(row + at.tunnelPort, checkInteger(port, 'server.tunnel.port', 1, 0xffff), littleEndian)
    }
    view.setUint16(
      row + at.tunnelFlags,
      pick(this.names.tunnelChecksum, checksum ?? 'none', 'server.tunnel.checksum'),
      littleEndian,
    )
  }
}

// Of two keys, the kernel would silently take one.
function checkMarkAlone(key: FwmarkServiceKey & Partial<AddressServiceKey>): void {
  if (key.address !== undefined) {
    throw new InvalidArgumentError('service.address', key.address, 'absent, where a fwmark is the key')
  }
}

function fwmarkFamily(family: unknown): AddressFamily {
  if (family === 'inet') return AF_INET
  if (family === 'inet6') return AF_INET6
  throw new InvalidArgumentError('service.family', family, `'inet' or 'inet6'`)
}
