import type { Persistence, SchedulerFlag, ServerKey, Service, Timeouts, Tunnel } from '../types.js'
import { checkCommand, checkTunnel } from './combinations.js'
import type { Command, Operation, ServerWithPort } from './command.js'
import type { Draft } from './draft.js'
import { refuse } from './errors.js'
import { buildList } from './build-list.js'
import { prefixLength } from './numbers.js'
import type { CommandName } from './option-table.js'
import { parseSchedulerFlags } from './scheduler-flags.js'
import { serviceKey } from './service-key.js'

/** A command line that was read to its end, not yet judged as a whole. */
export interface Request {
  readonly command: Exclude<CommandName, 'help' | 'version'>
  readonly draft: Draft
  /** The operands of --set. */
  readonly timeouts: readonly number[]
}

export function buildCommand({ command, draft, timeouts }: Request): Command {
  const schedulerFlags = parseSchedulerFlags(draft.schedulerFlags, draft.scheduler || 'wlc')
  checkCommand(command, draft.given)
  switch (command) {
    case 'add-service':
      return { operation: 'addService', service: buildService(draft, schedulerFlags) }
    case 'edit-service':
      return { operation: 'updateService', service: buildService(draft, schedulerFlags) }
    case 'delete-service':
      return { operation: 'removeService', service: serviceKey(draft) }
    case 'add-server':
      return { operation: 'addServer', service: serviceKey(draft), server: buildServer(draft) }
    case 'edit-server':
      return { operation: 'updateServer', service: serviceKey(draft), server: buildServer(draft) }
    case 'delete-server':
      return { operation: 'removeServer', service: serviceKey(draft), server: serverKey(draft) }
    case 'clear':
      return { operation: 'flush' }
    case 'zero':
      return buildZero(draft)
    case 'set':
      return { operation: 'setTimeouts', timeouts: buildTimeouts(timeouts) }
    case 'start-daemon':
      return { operation: 'startDaemon', daemon: { ...draft.daemon } }
    case 'stop-daemon':
      return {
        operation: 'stopDaemon',
        daemon: { state: draft.daemon.state, syncId: draft.daemon.syncId ?? 0 },
      }
    case 'save':
      return { operation: 'save', numeric: draft.given.has('numeric') }
    case 'restore':
      return { operation: 'restore' }
    case 'list':
      return buildList(draft)
  }
}

function buildService(draft: Draft, schedulerFlags: readonly SchedulerFlag[]): Service {
  const persistence = buildPersistence(draft)
  const onePacket = draft.given.has('ops')
  if (draft.fwmark === 0 && draft.port === 0 && persistence === undefined) {
    refuse('Zero port specified for non-persistent service')
  }
  if (onePacket && draft.fwmark === 0 && draft.protocol !== 'udp') {
    refuse('One-Packet Scheduling is only for UDP virtual services')
  }
  return {
    ...serviceKey(draft),
    scheduler: draft.scheduler || 'wlc',
    ...(schedulerFlags.length > 0 && { schedulerFlags }),
    ...(persistence && { persistence }),
    ...(draft.persistenceEngine !== '' && { persistenceEngine: draft.persistenceEngine }),
    ...(onePacket && { onePacket }),
  }
}

/** A mask without -p reaches no one: the kernel looks at it for persistent services only. */
function buildPersistence({ persistenceSeconds, netmask }: Draft): Persistence | undefined {
  if (persistenceSeconds === undefined) return undefined
  if (netmask === undefined) return { timeoutSeconds: persistenceSeconds }
  return { timeoutSeconds: persistenceSeconds, ...maskOf(netmask) }
}

/** A length wherever one says it: dotted masks may have a hole. */
function maskOf(netmask: string | number): Pick<Persistence, 'prefixLength' | 'netmask'> {
  if (typeof netmask === 'number') return { prefixLength: netmask }
  const length = prefixLength(netmask)
  return length === undefined ? { netmask } : { prefixLength: length }
}

function serverKey(draft: Draft): Required<ServerKey> {
  return { address: draft.serverAddress, port: draft.serverPort }
}

function buildServer(draft: Draft): ServerWithPort {
  const { forwarding, weight, upperThreshold, lowerThreshold } = draft
  if (draft.serverFamily !== draft.family && forwarding !== 'tunnel') {
    refuse('Different address family is allowed only for tunneling servers')
  }
  if (forwarding !== 'tunnel' && hasTunnelOption(draft)) refuse('Tunnel options conflict with forward method')
  checkTunnel(draft.tunnelType, draft.given)
  return {
    ...serverKey(draft),
    // Without address translation the packet keeps its port, so the server's is the service's.
    ...(draft.fwmark === 0 && forwarding !== 'masquerade' && { port: draft.port }),
    forwarding,
    weight,
    ...(upperThreshold > 0 && { upperThreshold }),
    ...(lowerThreshold > 0 && { lowerThreshold }),
    ...(draft.tunnelType !== 'ipip' && { tunnel: buildTunnel(draft) }),
  }
}

function hasTunnelOption({ given }: Draft): boolean {
  return (['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const).some((option) =>
    given.has(option),
  )
}

function buildTunnel({ tunnelType: type, tunnelPort: port, tunnelChecksum: checksum }: Draft): Tunnel {
  return type === 'gue' ? { type, port, checksum } : { type, checksum }
}

/** The unspecified address without a port counts as no service at all. */
function buildZero(draft: Draft): Operation {
  const nowhere = /^[0:.]*$/.test(draft.address) && draft.port === 0 && draft.fwmark === 0
  return nowhere ? { operation: 'zero' } : { operation: 'zero', service: serviceKey(draft) }
}

/** 0 keeps what is set. */
function buildTimeouts([
  tcpSeconds = 0,
  tcpFinSeconds = 0,
  udpSeconds = 0,
]: readonly number[]): Partial<Timeouts> {
  return {
    ...(tcpSeconds > 0 && { tcpSeconds }),
    ...(tcpFinSeconds > 0 && { tcpFinSeconds }),
    ...(udpSeconds > 0 && { udpSeconds }),
  }
}
