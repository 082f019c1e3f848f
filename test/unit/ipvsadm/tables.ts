/** Services and servers as the kernel would report them, for tests of what is printed. */
import type { ServerState, ServiceKey, ServiceState, ServiceWithServers } from '../../../lib/ipvs/types.js'

const noCounters = {
  connections: 0n,
  incomingPackets: 0n,
  outgoingPackets: 0n,
  incomingBytes: 0n,
  outgoingBytes: 0n,
}
const noRates = {
  connectionsPerSecond: 0n,
  incomingPacketsPerSecond: 0n,
  outgoingPacketsPerSecond: 0n,
  incomingBytesPerSecond: 0n,
  outgoingBytesPerSecond: 0n,
}

export function tcp(address: string, port: number): ServiceKey {
  return { protocol: 'tcp', address, port }
}

export function udp(address: string, port: number): ServiceKey {
  return { protocol: 'udp', address, port }
}

type ServiceSettings = Partial<
  Pick<
    ServiceState,
    'scheduler' | 'schedulerFlags' | 'persistence' | 'persistenceEngine' | 'onePacket' | 'counters' | 'rates'
  >
>

export function service(
  key: ServiceKey,
  settings: ServiceSettings = {},
  servers: readonly ServerState[] = [],
): ServiceWithServers {
  return {
    ...key,
    scheduler: 'wlc',
    schedulerFlags: [],
    onePacket: false,
    counters: noCounters,
    rates: noRates,
    ...settings,
    servers,
  }
}

export function server(address: string, port: number, settings: Partial<ServerState> = {}): ServerState {
  return {
    address,
    port,
    forwarding: 'masquerade',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
    counters: noCounters,
    rates: noRates,
    ...settings,
  }
}
