/** Whether two virtual services, two servers or two health checks are the same: absent options count as their defaults. */
import type { ServerConfiguration, ServiceConfiguration } from '../../ipvs/rows.js'
import type { Server, Service, Tunnel } from '../../ipvs/types.js'
import { schedulerFlagMask } from '../input/check-ipvs.js'
import { familyOf } from '../input/ip.js'
import type { HealthCheckState } from './state.js'

export function sameService(
  left: Service | ServiceConfiguration,
  right: Service | ServiceConfiguration,
): boolean {
  return (
    (left.scheduler ?? 'wlc') === (right.scheduler ?? 'wlc') &&
    schedulerFlagMask(left.schedulerFlags) === schedulerFlagMask(right.schedulerFlags) &&
    persistenceText(left) === persistenceText(right) &&
    (left.persistenceEngine ?? '') === (right.persistenceEngine ?? '') &&
    (left.onePacket ?? false) === (right.onePacket ?? false)
  )
}

function persistenceText(service: Service | ServiceConfiguration): string {
  const { persistence } = service
  if (persistence === undefined) return ''
  const family = 'fwmark' in service ? service.family : familyOf(service.address)
  return `${persistence.timeoutSeconds}/${persistence.prefixLength ?? (family === 'inet' ? 32 : 128)}`
}

export function sameServer(left: Server | ServerConfiguration, right: Server | ServerConfiguration): boolean {
  return (
    left === right ||
    ((left.weight ?? 1) === (right.weight ?? 1) &&
      sameForwarding(left, right) &&
      (left.upperThreshold ?? 0) === (right.upperThreshold ?? 0) &&
      (left.lowerThreshold ?? 0) === (right.lowerThreshold ?? 0))
  )
}

/** The kernel reports a server on the node itself as `local`, however it was added. */
function sameForwarding(left: Server | ServerConfiguration, right: Server | ServerConfiguration): boolean {
  const [a, b] = [left.forwarding ?? 'masquerade', right.forwarding ?? 'masquerade']
  if (a === 'local' || b === 'local') return true
  return a === b && (a !== 'tunnel' || tunnelText(left.tunnel) === tunnelText(right.tunnel))
}

export function sameHealthCheck(left: HealthCheckState, right: HealthCheckState): boolean {
  return (
    left.owner === right.owner &&
    left.localEndpoints === right.localEndpoints &&
    String(left.addresses) === String(right.addresses)
  )
}

function tunnelText(tunnel: Tunnel | undefined): string {
  const type = tunnel?.type ?? 'ipip'
  return type === 'ipip' ? type : `${type} ${tunnel?.port ?? 0} ${tunnel?.checksum ?? 'none'}`
}
