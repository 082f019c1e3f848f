import type { InvalidArgumentError } from '../../errors.js'
import type { BatchedOperation } from '../../ipvs/ipvsadm/apply.js'
import type { Server } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'

/**
 * Our library refuses some operations before they are sent, and says why. ipvsadm sends them; this is the errno that
 * the kernel answers with. It looks for the service first (ip_vs_genl_set_cmd), then at numbers, then at addresses.
 */
export async function refusalErrno(
  operation: BatchedOperation,
  { field }: InvalidArgumentError,
  kernel: Kernel,
): Promise<string> {
  const exists = (await kernel.ipvs.service(operation.service)) !== undefined
  switch (operation.operation) {
    case 'addService':
      return exists ? 'EEXIST' : serviceErrno(field)
    case 'updateService':
      return exists ? serviceErrno(field) : 'ESRCH'
    case 'addServer':
      return exists ? serverErrno(operation.server, 'EINVAL') : 'ESRCH'
    case 'updateServer':
      // An address that no server can have is one that no server has.
      return exists ? serverErrno(operation.server, 'ENOENT') : 'ESRCH'
    case 'removeServer':
      return exists ? 'ENOENT' : 'ESRCH'
    case 'removeService':
      return 'ESRCH'
  }
}

/** A name that no module can have is one that no module has. */
function serviceErrno(field: string): string {
  return /\.(scheduler|persistenceEngine)$/.test(field) ? 'ENOENT' : 'EINVAL'
}

/** Of what a command line can say, only thresholds and addresses are left to be refused. */
function serverErrno({ upperThreshold = 0, lowerThreshold = 0 }: Server, badAddress: string): string {
  return lowerThreshold > upperThreshold ? 'ERANGE' : badAddress
}

/** The same for what goes alone: an interface that none can be called has no device. */
export function loneRefusalErrno({ field }: InvalidArgumentError): string {
  return field === 'daemon.interface' ? 'ENODEV' : 'EINVAL'
}
