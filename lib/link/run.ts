/** Address operations as a run of a batch. */
import type { DirectorError } from '../errors.js'
import { translate, type NativeRun } from '../native.js'
import type { BatchRun } from '../run.js'
import { AddressTable, type AddressOperation } from './address-table.js'
import { explainRefusal } from './explain.js'
import { rowReader } from './rows.js'
import type { LinkAddress } from './types.js'

/** What an operation was to be done to. */
export interface AddressTarget {
  readonly link: string
  readonly address: string
  readonly prefixLength: number
}

interface AddressNativeRun extends NativeRun {
  readonly rows: readonly Uint8Array[]
}

export class AddressRun implements BatchRun {
  readonly table = 'addresses'
  readonly operations = new AddressTable()

  get size(): number {
    return this.operations.size
  }

  native(): AddressNativeRun {
    return { table: this.table, rows: this.operations.tables() }
  }

  name(index: number): AddressOperation {
    const { view, offset } = this.operations.locate(index)
    return rowReader().operation(view, offset)
  }

  address(index: number): LinkAddress {
    const { view, offset } = this.operations.locate(index)
    return rowReader().addressAt(view, offset)
  }

  describe(index: number): { operation: AddressOperation; target: AddressTarget } {
    const { link, address, prefixLength } = this.address(index)
    return { operation: this.name(index), target: { link, address, prefixLength } }
  }

  explain(index: number, code: number, text: string): DirectorError {
    const { operation, target } = this.describe(index)
    return explainRefusal(operation, target, code, text)
  }

  failure(error: unknown): unknown {
    return translate(error)
  }
}
