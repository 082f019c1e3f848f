import type { IpvsInfo, ServerState, ServiceState, ServiceWithServers } from '../types.js'
import { endpointText, familyOf, maskText, protocolOf } from './entry-names.js'
import { type NumbersToNames, noNames } from './names.js'
import { sortServers, sortServices } from './order.js'
import { formatSchedulerFlags } from './scheduler-flags.js'
import { countersText, ratesText, serverRatesText } from './statistics-format.js'
import { tunnelText } from './tunnel-format.js'

/** What a listing shows behind each server: ipvsadm -L alone, --stats, --rate, --thresholds, --persistent-conn, --tun-info. */
export type TableColumns =
  | 'connections' | 'stats' | 'rate' | 'thresholds' | 'persistent-connections' | 'tunnels' // prettier-ignore

export interface TableFormat {
  readonly columns: TableColumns
  /** ipvsadm -n. */
  readonly numeric: boolean
  /** Numbers in full, not in K, M, G or T: --exact. */
  readonly exact: boolean
  /** In ipvsadm's order, else in the kernel's (--nosort). */
  readonly sort: boolean
}

export interface TableOptions extends Partial<Omit<TableFormat, 'numeric'>> {
  /** Shown in a first line, as ipvsadm does for the table as a whole. */
  readonly info?: IpvsInfo
  /** Names in place of numbers. @default none */
  readonly names?: NumbersToNames
}

const titles: Readonly<Record<TableColumns, readonly [service: string, server: string]>> = {
  connections: [
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
  ],
  tunnels: [
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn',
  ],
  stats: numericTitle('   Conns   InPkts  OutPkts  InBytes OutBytes'),
  rate: numericTitle('     CPS    InPPS   OutPPS    InBPS   OutBPS'),
  thresholds: numericTitle('Uthreshold Lthreshold ActiveConn InActConn '),
  'persistent-connections': numericTitle('Weight    PersistConn ActiveConn InActConn '),
}

function numericTitle(columns: string): [string, string] {
  return [`Prot LocalAddress:Port            ${columns}`, '  -> RemoteAddress:Port']
}

const forwardingNames = {
  masquerade: 'Masq',
  local: 'Local',
  tunnel: 'Tunnel',
  direct: 'Route',
  bypass: 'Bypass',
} as const

/** The table as `ipvsadm -L` prints it (by default with -n), each line with its line feed. */
export function formatTable(snapshot: Iterable<ServiceWithServers>, options: TableOptions = {}): string {
  const { columns = 'connections', sort = true, exact = false, names = noNames, info } = options
  const lines = info ? [`IP Virtual Server version ${info.version} (size=${info.connectionTableSize})`] : []
  lines.push(...titles[columns])
  const services = [...snapshot]
  for (const service of sort ? sortServices(services) : services) {
    lines.push(serviceLine(service, columns, exact, names))
    for (const server of sort ? sortServers(service.servers) : service.servers) {
      lines.push(serverLine(server, protocolOf(service), columns, exact, names))
    }
  }
  return lines.map((line) => `${line}\n`).join('')
}

function serviceLine(
  service: ServiceState,
  columns: TableColumns,
  exact: boolean,
  names: NumbersToNames,
): string {
  const name = serviceName(service, names)
  if (columns === 'stats') return name.padEnd(33) + countersText(service.counters, exact)
  if (columns === 'rate') return name.padEnd(33) + ratesText(service.rates, exact)
  return `${name} ${service.scheduler}${serviceSettings(service)}`
}

function serviceName(service: ServiceState, names: NumbersToNames): string {
  if ('fwmark' in service) return `FWM  ${service.fwmark}${service.family === 'inet6' ? ' IPv6' : ''}`
  const endpoint = endpointText(service.address, service.port, service.protocol, names)
  const name = `${service.protocol.toUpperCase().padEnd(4)} ${endpoint}`
  return familyOf(service) === 'inet' ? name.slice(0, 33) : name
}

function serviceSettings(service: ServiceState): string {
  const { schedulerFlags, scheduler, persistence, persistenceEngine, onePacket } = service
  const mask = maskText(service)
  return [
    schedulerFlags.length > 0 && ` (${formatSchedulerFlags(schedulerFlags, scheduler)})`,
    persistence && ` persistent ${persistence.timeoutSeconds}`,
    persistence && mask && ` mask ${mask}`,
    persistence && persistenceEngine && ` pe ${persistenceEngine}`,
    onePacket && ' ops',
  ]
    .filter((text) => typeof text === 'string')
    .join('')
}

function serverLine(
  server: ServerState,
  protocol: string | undefined,
  columns: TableColumns,
  exact: boolean,
  names: NumbersToNames,
): string {
  const endpoint = endpointText(server.address, server.port, protocol, names)
  const name = server.address.includes(':') ? endpoint : endpoint.slice(0, 28)
  return `  -> ${name.padEnd(28)}${separator(columns)}${serverColumns(server, columns, exact)}`
}

/** Numbers of statistics come padded on the left. */
function separator(columns: TableColumns): string {
  return columns === 'stats' || columns === 'rate' ? '' : ' '
}

function serverColumns(server: ServerState, columns: TableColumns, exact: boolean): string {
  const weight = String(server.weight)
  const connections = `${pad(server.activeConnections, 10)} ${pad(server.inactiveConnections, 10)}`
  const forwarding = forwardingNames[server.forwarding].padEnd(7)
  switch (columns) {
    case 'stats':
      return countersText(server.counters, exact)
    case 'rate':
      return serverRatesText(server.rates, exact)
    case 'thresholds':
      return `${pad(server.upperThreshold, 10)} ${pad(server.lowerThreshold, 10)} ${connections}`
    case 'persistent-connections':
      return `${weight.padEnd(9)} ${pad(server.persistentConnections, 11)} ${connections}`
    case 'tunnels':
      return `${forwarding} ${tunnelText(server).padEnd(13)} ${weight.padEnd(6)} ${connections}`
    case 'connections':
      return `${forwarding} ${weight.padEnd(6)} ${connections}`
  }
}

function pad(number: number, width: number): string {
  return String(number).padEnd(width)
}
