import type { Batch } from '../../batch.js'
import type { Ipvs } from '../client.js'
import type { Operation } from './command.js'

/** The operations that many can be sent of in one datagram. */
export type BatchedOperation = Extract<
  Operation,
  {
    operation:
      'addService' | 'updateService' | 'removeService' | 'addServer' | 'updateServer' | 'removeServer'
  }
>

const batched: readonly string[] = [
  'addService', 'updateService', 'removeService', 'addServer', 'updateServer', 'removeServer',
] // prettier-ignore

export function isBatched(operation: { readonly operation: string }): operation is BatchedOperation {
  return batched.includes(operation.operation)
}

/** @throws InvalidArgumentError when the kernel would refuse it anyway */
export function appendTo(batch: Batch, operation: BatchedOperation): void {
  switch (operation.operation) {
    case 'addService':
      batch.addService(operation.service)
      break
    case 'updateService':
      batch.updateService(operation.service)
      break
    case 'removeService':
      batch.removeService(operation.service)
      break
    case 'addServer':
      batch.addServer(operation.service, operation.server)
      break
    case 'updateServer':
      batch.updateServer(operation.service, operation.server)
      break
    case 'removeServer':
      batch.removeServer(operation.service, operation.server)
  }
}

/** The operations that go alone. */
export async function applyAlone(ipvs: Ipvs, operation: Exclude<Operation, BatchedOperation>): Promise<void> {
  switch (operation.operation) {
    case 'flush':
      return ipvs.flush()
    case 'zero':
      return ipvs.zero(operation.service)
    case 'setTimeouts':
      return ipvs.setTimeouts(operation.timeouts)
    case 'startDaemon':
      return ipvs.startDaemon(operation.daemon)
    case 'stopDaemon':
      return ipvs.stopDaemon(operation.daemon)
  }
}
