/** IPVS operations as a run of a batch. */
import type { DirectorError } from '../errors.js'
import { native, type NativeRun } from '../native.js'
import type { BatchRun } from '../run.js'
import { explainIpvs, explainRefusal } from './explain.js'
import { OperationTable, type OperationName } from './operation-table.js'
import { rowReader } from './rows.js'
import type { Server, Service, ServiceKey } from './types.js'

/** What an operation was to be done to. */
export interface OperationTarget {
  /** The key alone for operations on servers and for `removeService`. */
  readonly service: Service | ServiceKey
  readonly server?: Server
}

interface IpvsNativeRun extends NativeRun {
  readonly rows: readonly Uint8Array[]
}

export class IpvsRun implements BatchRun {
  readonly table = 'ipvs'
  readonly operations = new OperationTable()

  get size(): number {
    return this.operations.size
  }

  native(): IpvsNativeRun {
    return { table: this.table, rows: this.operations.tables() }
  }

  name(index: number): OperationName {
    const { view, offset } = this.operations.locate(index)
    return operationNames()[rowReader().operationKind(view, offset)] as OperationName
  }

  /** The row as it is sent. */
  row(index: number): Uint8Array {
    const { bytes, offset } = this.operations.locate(index)
    return bytes.subarray(offset, offset + this.operations.rowSize)
  }

  key(index: number): ServiceKey {
    const { view, offset } = this.operations.locate(index)
    return rowReader().operationKey(view, offset)
  }

  service(index: number): Service {
    const { view, offset } = this.operations.locate(index)
    return rowReader().operationService(view, offset)
  }

  server(index: number): Server {
    const { view, offset } = this.operations.locate(index)
    return rowReader().operationServer(view, offset)
  }

  describe(index: number): { operation: OperationName; target: OperationTarget } {
    const operation = this.name(index)
    if (operation === 'addService' || operation === 'updateService') {
      return { operation, target: { service: this.service(index) } }
    }
    const service = this.key(index)
    if (operation === 'removeService') return { operation, target: { service } }
    return { operation, target: { service, server: this.server(index) } }
  }

  explain(index: number, code: number, text: string): DirectorError {
    const { operation, target } = this.describe(index)
    return explainRefusal(operation, target, code, text)
  }

  failure(error: unknown): unknown {
    return explainIpvs('commit')(error)
  }
}

let names: Readonly<Record<number, OperationName>> | undefined

function operationNames(): Readonly<Record<number, OperationName>> {
  if (names === undefined) {
    const { constants } = native().ipvs
    const all: OperationName[] = [
      'addService',
      'updateService',
      'removeService',
      'addServer',
      'updateServer',
      'removeServer',
    ]
    names = Object.fromEntries(all.map((name) => [constants[name], name]))
  }
  return names
}
