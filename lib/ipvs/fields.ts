/**
 * What services and servers may say: what can be configured, and what the kernel tells besides, so that what was read can
 * be written back. Anything else is misspelt.
 *
 * Comparing names costs a fourth of all else in building a batch. Counting costs some ten nanoseconds, of the microseconds
 * that an operation takes: an object that has as many fields as were read of it has no others, and only where the numbers
 * differ its names are looked at.
 */
import { checkKeys } from '../check.js'
import type { Server, Service } from './types.js'

const SERVICE_FIELDS: readonly string[] = [
  ...['protocol', 'address', 'port', 'fwmark', 'family'],
  ...['scheduler', 'schedulerFlags', 'persistence', 'persistenceEngine', 'onePacket'],
  ...['counters', 'rates', 'servers'],
]

const SERVER_FIELDS: readonly string[] = [
  ...['address', 'port', 'forwarding', 'weight', 'upperThreshold', 'lowerThreshold', 'tunnel'],
  ...['activeConnections', 'inactiveConnections', 'persistentConnections', 'counters', 'rates'],
]

/** @throws InvalidArgumentError `service` has a field that services have not */
export function checkServiceFields(service: Service): void {
  // A key that was written: by mark two fields, by address three.
  let read = 'fwmark' in service ? 2 : 3
  if (service.scheduler !== undefined) read++
  if (service.schedulerFlags !== undefined) read++
  if (service.persistence !== undefined) read++
  if (service.persistenceEngine !== undefined) read++
  if (service.onePacket !== undefined) read++
  if (countFields(service) !== read) checkKeys(service, 'service', SERVICE_FIELDS)
}

/** @throws InvalidArgumentError `server` has a field that servers have not */
export function checkServerFields(server: Server): void {
  let read = 1
  if (server.port !== undefined) read++
  if (server.forwarding !== undefined) read++
  if (server.weight !== undefined) read++
  if (server.upperThreshold !== undefined) read++
  if (server.lowerThreshold !== undefined) read++
  if (server.tunnel !== undefined) read++
  if (countFields(server) !== read) checkKeys(server, 'server', SERVER_FIELDS)
}

function countFields(value: object): number {
  let count = 0
  for (const name in value) if (name !== '') count++
  return count
}
