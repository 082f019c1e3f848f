/**
 * Rows of native/ipvs/records.h as objects. What this package wrote can be written back: what was read by `services()` is
 * accepted by `addService()`. What only others write (one-packet scheduling of TCP, servers shown as local or bypass,
 * remote checksums over GRE) is shown, and refused.
 */
import { AF_INET6, readAddress } from '../address.js'
import { native, type IpvsCalls, type ServerField, type ServiceField } from '../native.js'
import { littleEndian, offsetsOf, readText, type Offsets } from '../record.js'
import { readNetmask } from './netmask.js'
import { readStats } from './stats.js'
import type {
  Protocol,
  ReportedForwardingMethod,
  SchedulerFlag,
  Server,
  ServerState,
  Service,
  ServiceKey,
  ServiceState,
  Tunnel,
  TunnelChecksum,
  TunnelType,
} from './types.js'

const PROTOCOL_NAMES: Readonly<Record<number, Protocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

export type ServiceConfiguration = ServiceKey & Omit<ServiceState, 'counters' | 'rates'>
export type ServerConfiguration = Omit<
  ServerState,
  'counters' | 'rates' | 'activeConnections' | 'inactiveConnections' | 'persistentConnections'
>

/** Decodes rows of all three layouts; made once, when the addon is there. */
export class RowReader {
  readonly serviceSize: number
  readonly serverSize: number
  /** The leading bytes of a row that are configuration, behind which counters follow. */
  readonly serviceConfigSize: number
  readonly serverConfigSize: number
  private readonly operation: Offsets<'kind' | ServiceField | ServerField>
  private readonly service: Offsets<keyof IpvsCalls['serviceRow']['fields']>
  private readonly server: Offsets<keyof IpvsCalls['serverRow']['fields']>
  private readonly constants: IpvsCalls['constants']
  private readonly sizes: { scheduler: number; persistenceEngine: number }

  constructor() {
    const { operationRow, serviceRow, serverRow, constants } = native().ipvs
    this.serviceSize = serviceRow.size
    this.serverSize = serverRow.size
    this.serviceConfigSize = serviceRow.fields.connections.offset
    this.serverConfigSize = serverRow.fields.activeConnections.offset
    this.operation = offsetsOf(operationRow.fields)
    this.service = offsetsOf(serviceRow.fields)
    this.server = offsetsOf(serverRow.fields)
    this.constants = constants
    const { scheduler, persistenceEngine } = serviceRow.fields
    this.sizes = { scheduler: scheduler.size, persistenceEngine: persistenceEngine.size }
  }

  serviceState(view: DataView, row: number): ServiceState {
    const at = this.service
    const stats = readStats(view, row, at)
    return Object.assign(this.serviceAt(view, row, at), { counters: stats.counters, rates: stats.rates })
  }

  /** The service without its counters: ten numbers less to make. */
  serviceConfiguration(view: DataView, row: number): ServiceConfiguration {
    return this.serviceAt(view, row, this.service)
  }

  serverConfiguration(view: DataView, row: number): ServerConfiguration {
    return this.serverAt(view, row, this.server)
  }

  serverCount(view: DataView, row: number): number {
    return view.getUint32(row + this.service.serverCount, littleEndian)
  }

  // One literal: spreading one object into another costs ten times as much as everything else here.
  serverState(view: DataView, row: number): ServerState {
    const at = this.server
    const forwarding = this.forwardingName(view.getUint8(row + at.forwarding))
    const stats = readStats(view, row, at)
    const state = {
      address: readAddress(view.getUint8(row + at.serverFamily), bytesOf(view), row + at.serverAddress),
      port: view.getUint16(row + at.serverPort, littleEndian),
      forwarding,
      weight: view.getInt32(row + at.weight, littleEndian),
      upperThreshold: view.getUint32(row + at.upperThreshold, littleEndian),
      lowerThreshold: view.getUint32(row + at.lowerThreshold, littleEndian),
      activeConnections: view.getUint32(row + at.activeConnections, littleEndian),
      inactiveConnections: view.getUint32(row + at.inactiveConnections, littleEndian),
      persistentConnections: view.getUint32(row + at.persistentConnections, littleEndian),
      counters: stats.counters,
      rates: stats.rates,
    }
    return forwarding === 'tunnel' ? { ...state, tunnel: this.tunnelAt(view, row, at) } : state
  }

  /** What an operation row says, for reports and for undoing it. */
  operationKind(view: DataView, row: number): number {
    return view.getUint32(row + this.operation.kind, littleEndian)
  }
  operationKey(view: DataView, row: number): ServiceKey {
    return this.keyAt(view, row, this.operation)
  }
  operationService(view: DataView, row: number): Service {
    return this.serviceAt(view, row, this.operation)
  }
  operationServer(view: DataView, row: number): Server {
    return this.serverAt(view, row, this.operation) as Server
  }

  private keyAt(view: DataView, row: number, at: Offsets<ServiceField>): ServiceKey {
    const family = view.getUint8(row + at.family)
    if (view.getUint8(row + at.byMark) !== 0) {
      const fwmark = view.getUint32(row + at.fwmark, littleEndian)
      return { fwmark, family: family === AF_INET6 ? 'inet6' : 'inet' }
    }
    const protocol = view.getUint16(row + at.protocol, littleEndian)
    return {
      protocol: PROTOCOL_NAMES[protocol] ?? (String(protocol) as Protocol),
      address: readAddress(family, bytesOf(view), row + at.address),
      port: view.getUint16(row + at.port, littleEndian),
    }
  }

  private serviceAt(view: DataView, row: number, at: Offsets<ServiceField>) {
    const { constants } = this
    const flags = view.getUint32(row + at.flags, littleEndian)
    const bytes = bytesOf(view)
    const scheduler = readText(bytes, row + at.scheduler, this.sizes.scheduler)
    const persistenceEngine = readText(bytes, row + at.persistenceEngine, this.sizes.persistenceEngine)
    // Not `{ ...key, … }`: V8 11 (Node 20) gives each object made that way a shape of its own, and whoever reads many
    // of them is slow.
    return Object.assign(this.keyAt(view, row, at), {
      scheduler,
      schedulerFlags: schedulerFlags(flags, scheduler, constants),
      ...((flags & constants.persistent) !== 0 && {
        persistence: {
          timeoutSeconds: view.getUint32(row + at.timeoutSeconds, littleEndian),
          ...readNetmask(view.getUint8(row + at.family), view.getUint32(row + at.netmask, littleEndian)),
        },
      }),
      ...(persistenceEngine !== '' && { persistenceEngine }),
      onePacket: (flags & constants.onePacket) !== 0,
    })
  }

  private serverAt(view: DataView, row: number, at: Offsets<ServerField>) {
    const forwarding = this.forwardingName(view.getUint8(row + at.forwarding))
    return {
      address: readAddress(view.getUint8(row + at.serverFamily), bytesOf(view), row + at.serverAddress),
      port: view.getUint16(row + at.serverPort, littleEndian),
      forwarding,
      weight: view.getInt32(row + at.weight, littleEndian),
      upperThreshold: view.getUint32(row + at.upperThreshold, littleEndian),
      lowerThreshold: view.getUint32(row + at.lowerThreshold, littleEndian),
      ...(forwarding === 'tunnel' && { tunnel: this.tunnelAt(view, row, at) }),
    }
  }

  private tunnelAt(view: DataView, row: number, at: Offsets<ServerField>): Tunnel {
    const { constants } = this
    const type = view.getUint8(row + at.tunnelType)
    const flags = view.getUint16(row + at.tunnelFlags, littleEndian)
    const name: TunnelType = type === constants.gue ? 'gue' : type === constants.gre ? 'gre' : 'ipip'
    const checksum: TunnelChecksum =
      (flags & constants.remoteChecksum) !== 0
        ? 'remote-checksum'
        : (flags & constants.checksum) !== 0
          ? 'checksum'
          : 'none'
    return {
      type: name,
      ...(name === 'gue' && { port: view.getUint16(row + at.tunnelPort, littleEndian) }),
      ...(name !== 'ipip' && { checksum }),
    }
  }

  private forwardingName(number: number): ReportedForwardingMethod {
    const { masquerade, local, tunnel, direct } = this.constants
    if (number === masquerade) return 'masquerade'
    if (number === direct) return 'direct'
    if (number === tunnel) return 'tunnel'
    return number === local ? 'local' : 'bypass'
  }
}

let reader: RowReader | undefined
export function rowReader(): RowReader {
  return (reader ??= new RowReader())
}

// The same buffer is read row by row.
const bytesOfViews = new WeakMap<DataView, Uint8Array>()

function bytesOf(view: DataView): Uint8Array {
  let bytes = bytesOfViews.get(view)
  if (bytes === undefined) {
    bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    bytesOfViews.set(view, bytes)
  }
  return bytes
}

// The bits are shared between schedulers; ipvsadm names them by the scheduler that is set.
function schedulerFlags(
  flags: number,
  scheduler: string,
  constants: IpvsCalls['constants'],
): SchedulerFlag[] {
  const own = scheduler === 'sh' || scheduler === 'mh' ? scheduler : undefined
  const names: SchedulerFlag[] = []
  if ((flags & constants.schedulerFlag1) !== 0) names.push(own === undefined ? 'flag-1' : `${own}-fallback`)
  if ((flags & constants.schedulerFlag2) !== 0) names.push(own === undefined ? 'flag-2' : `${own}-port`)
  if ((flags & constants.schedulerFlag3) !== 0) names.push('flag-3')
  return names
}
