/**
 * What services and servers may say: what can be configured, and what the kernel tells besides, so that what was read can
 * be written back. Looked at in the calls for one operation only: in batches it would cost a fourth of all else there, and
 * a tenth if fields were no more than counted.
 */

export const SERVICE_FIELDS: readonly string[] = [
  ...['protocol', 'address', 'port', 'fwmark', 'family'],
  ...['scheduler', 'schedulerFlags', 'persistence', 'persistenceEngine', 'onePacket'],
  ...['counters', 'rates', 'servers'],
]

export const SERVER_FIELDS: readonly string[] = [
  ...['address', 'port', 'forwarding', 'weight', 'upperThreshold', 'lowerThreshold', 'tunnel'],
  ...['activeConnections', 'inactiveConnections', 'persistentConnections', 'counters', 'rates'],
]
