/** Rows of native/route/records.h as objects. */
import { AF_INET, AF_INET6, readAddress } from '../address.js'
import { native, type AddressField, type LinkField, type RouteCalls } from '../native.js'
import { littleEndian, offsetsOf, readText, type Offsets } from '../record.js'
import type { Steps } from '../turns.js'
import type { AddressOperation } from './address-table.js'
import type { AddressScope, Link, LinkAddress, OperationalState } from './types.js'

const NAME_BYTES = 16

/** In the order of IF_OPER_*. */
const OPERATIONAL_STATES: readonly OperationalState[] = [
  'unknown',
  'not-present',
  'down',
  'lower-layer-down',
  'testing',
  'dormant',
  'up',
]

/** Decodes rows of both layouts; made once, when the addon is there. */
class RowReader {
  private readonly addressSize: number
  private readonly linkSize: number
  private readonly address: Offsets<AddressField>
  private readonly link: Offsets<LinkField>
  private readonly constants: RouteCalls['constants']

  constructor() {
    const { addressRow, linkRow, constants } = native().route
    this.addressSize = addressRow.size
    this.linkSize = linkRow.size
    this.address = offsetsOf(addressRow.fields)
    this.link = offsetsOf(linkRow.fields)
    this.constants = constants
  }

  links(rows: ArrayBuffer): Link[] {
    return eachRow(rows, this.linkSize, (view, row) => this.linkAt(view, row))
  }

  /** In steps: a director's link has tens of thousands. */
  *addresses(rows: ArrayBuffer): Steps<LinkAddress[]> {
    const view = new DataView(rows)
    const result: LinkAddress[] = []
    for (let row = 0; row + this.addressSize <= rows.byteLength; row += this.addressSize) {
      result.push(this.addressAt(view, row))
      yield
    }
    return result
  }

  operation(view: DataView, row: number): AddressOperation {
    const isAdd = view.getUint32(row + this.address.change, littleEndian) === this.constants.addAddress
    return isAdd ? 'addAddress' : 'removeAddress'
  }

  addressAt(view: DataView, row: number): LinkAddress {
    const { address: at, constants } = this
    const bytes = bytesOf(view)
    const family = view.getUint8(row + at.family)
    const flags = view.getUint32(row + at.flags, littleEndian)
    const address = readAddress(family, bytes, row + at.address)
    const peer = readAddress(family, bytes, row + at.peer)
    const label = readText(bytes, row + at.label, NAME_BYTES)
    return {
      link: readText(bytes, row + at.link, NAME_BYTES),
      family: family === AF_INET6 ? 'inet6' : 'inet',
      address,
      prefixLength: view.getUint8(row + at.prefixLength),
      scope: this.scope(view.getUint8(row + at.scope)),
      ...(peer !== address && { peer }),
      ...(view.getUint8(row + at.hasBroadcast) === 1 && {
        broadcast: readAddress(AF_INET, bytes, row + at.broadcast),
      }),
      ...(label !== '' && { label }),
      ...this.lifetimes(view, row),
      noDuplicateDetection: (flags & constants.noDuplicateDetection) !== 0,
      noPrefixRoute: (flags & constants.noPrefixRoute) !== 0,
      tentative: (flags & constants.tentative) !== 0,
      duplicate: (flags & constants.duplicate) !== 0,
      secondary: (flags & constants.secondary) !== 0,
    }
  }

  private linkAt(view: DataView, row: number): Link {
    const { link: at, constants } = this
    const bytes = bytesOf(view)
    const flags = view.getUint32(row + at.flags, littleEndian)
    const kind = readText(bytes, row + at.kind, NAME_BYTES)
    const masterIndex = view.getUint32(row + at.master, littleEndian)
    const hardware = bytes.subarray(
      row + at.hardware,
      row + at.hardware + view.getUint8(row + at.hardwareSize),
    )
    return {
      name: readText(bytes, row + at.name, NAME_BYTES),
      index: view.getUint32(row + at.index, littleEndian),
      ...(kind !== '' && { kind }),
      up: (flags & constants.up) !== 0,
      loopback: (flags & constants.loopback) !== 0,
      operationalState: OPERATIONAL_STATES[view.getUint8(row + at.operationalState)] ?? 'unknown',
      mtu: view.getUint32(row + at.mtu, littleEndian),
      ...(hardware.length > 0 && { hardwareAddress: hexadecimal(hardware) }),
      ...(masterIndex !== 0 && { masterIndex }),
    }
  }

  private lifetimes(view: DataView, row: number): Pick<LinkAddress, 'validSeconds' | 'preferredSeconds'> {
    const { address: at, constants } = this
    const validSeconds = view.getUint32(row + at.validSeconds, littleEndian)
    const preferredSeconds = view.getUint32(row + at.preferredSeconds, littleEndian)
    return {
      ...(validSeconds !== constants.forever && { validSeconds }),
      ...(preferredSeconds !== constants.forever && { preferredSeconds }),
    }
  }

  private scope(number: number): AddressScope {
    const { site, link, host } = this.constants
    if (number === host) return 'host'
    if (number === link) return 'link'
    return number === site ? 'site' : 'global'
  }
}

let reader: RowReader | undefined

export function rowReader(): RowReader {
  return (reader ??= new RowReader())
}

function eachRow<T>(rows: ArrayBuffer, size: number, decode: (view: DataView, row: number) => T): T[] {
  const view = new DataView(rows)
  return Array.from({ length: Math.floor(rows.byteLength / size) }, (_, index) => decode(view, index * size))
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
