/** Address rows for native/route: checked field by field, then packed. Layout: native/route/records.h, AddressRow. */
import { AF_INET, AF_INET6 } from '../address.js'
import { checkChoice, checkInteger, checkKeys } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { native, type AddressField, type RouteCalls } from '../native.js'
import { littleEndian, writeText } from '../record.js'
import { RowTable } from '../row-table.js'
import type { AddressOptions, AddressScope, LinkAddress } from './types.js'
import { checkLinkName, parseAddress, widest, writeChecked } from './validate.js'

export type AddressOperation = 'addAddress' | 'removeAddress'

const SCOPES: readonly AddressScope[] = ['global', 'site', 'link', 'host']
const LOOPBACK_OCTET = 127
/** One below IFA_CACHEINFO's word for "for ever". */
const MOST_SECONDS = 0xfffffffe

const SETTABLE: readonly (keyof AddressOptions)[] = [
  'address',
  'prefixLength',
  'peer',
  'broadcast',
  'label',
  'scope',
  'validSeconds',
  'preferredSeconds',
  'noDuplicateDetection',
  'noPrefixRoute',
]
/** What `addresses()` tells besides: accepted, so that an address that was read can be written, and ignored. */
const REPORTED: readonly (keyof LinkAddress)[] = ['link', 'family', 'tentative', 'duplicate', 'secondary']
const KEYS: readonly string[] = [...SETTABLE, ...REPORTED]

export class AddressTable extends RowTable<AddressField> {
  private readonly constants: RouteCalls['constants']
  /** Of the row before: mostly all addresses are for one link. */
  private checkedLink: string | undefined

  constructor() {
    const { addressRow, constants } = native().route
    super(addressRow)
    this.constants = constants
  }

  add(operation: AddressOperation, link: string, address: string | AddressOptions): void {
    const options = this.optionsOf(address)
    if (link !== this.checkedLink) this.checkedLink = checkLinkName(link, 'link')
    const row = this.beginRow()
    const { view, at, constants } = this
    view.setUint32(row + at.change, constants[operation], littleEndian)
    writeText(this.bytes, row + at.link, link)
    const family = this.writeIdentity(row, options)
    this.writeFlags(row, family, options)
    this.writeLifetimes(row, options)
    this.writeIpv4Details(row, family, options)
    this.finishRow()
  }

  /** Text has no keys that could be misspelt. */
  private optionsOf(address: string | AddressOptions): AddressOptions {
    if (typeof address === 'string') return parseAddress(address, 'address')
    checkKeys(address, 'address', KEYS)
    return address
  }

  private writeIdentity(row: number, { address, prefixLength, peer, scope }: AddressOptions): number {
    const { view, bytes, at, constants } = this
    const family = writeChecked(address, 'address.address', bytes, row + at.address)
    if (peer === undefined) bytes.copyWithin(row + at.peer, row + at.address, row + at.address + 16)
    else writeChecked(peer, 'address.peer', bytes, row + at.peer, family)
    const most = widest(family)
    view.setUint8(row + at.family, family)
    view.setUint8(row + at.prefixLength, checkInteger(prefixLength ?? most, 'address.prefixLength', 0, most))
    const isLoopback = family === AF_INET && bytes[row + at.address] === LOOPBACK_OCTET
    const word = checkChoice(scope ?? (isLoopback ? 'host' : 'global'), 'address.scope', SCOPES)
    view.setUint8(row + at.scope, constants[word === 'global' ? 'universe' : word])
    return family
  }

  // The kernel would keep the IPv6 flag on an IPv4 address too, where it means nothing.
  private writeFlags(
    row: number,
    family: number,
    { noDuplicateDetection = true, noPrefixRoute = false }: AddressOptions,
  ): void {
    const { constants } = this
    const flags =
      (noDuplicateDetection && family === AF_INET6 ? constants.noDuplicateDetection : 0) |
      (noPrefixRoute ? constants.noPrefixRoute : 0)
    this.view.setUint32(row + this.at.flags, flags, littleEndian)
  }

  private writeLifetimes(row: number, { validSeconds, preferredSeconds }: AddressOptions): void {
    const { view, at, constants } = this
    const valid =
      validSeconds === undefined
        ? constants.forever
        : checkInteger(validSeconds, 'address.validSeconds', 1, MOST_SECONDS)
    const preferred =
      preferredSeconds === undefined
        ? valid
        : checkInteger(preferredSeconds, 'address.preferredSeconds', 0, Math.min(valid, MOST_SECONDS))
    view.setUint32(row + at.validSeconds, valid, littleEndian)
    view.setUint32(row + at.preferredSeconds, preferred, littleEndian)
  }

  private writeIpv4Details(
    row: number,
    family: number,
    { broadcast, label, link }: Partial<LinkAddress>,
  ): void {
    const { bytes, at } = this
    if (family !== AF_INET && (broadcast ?? label) !== undefined) {
      throw new InvalidArgumentError(
        broadcast === undefined ? 'address.label' : 'address.broadcast',
        broadcast ?? label,
        'absent for an IPv6 address',
      )
    }
    if (broadcast !== undefined) {
      writeChecked(broadcast, 'address.broadcast', bytes, row + at.broadcast, AF_INET)
      bytes[row + at.hasBroadcast] = 1
    }
    // The label of an address that was read on another link names that link.
    if (label !== undefined && label !== link) writeText(bytes, row + at.label, checkLabel(label))
  }
}

function checkLabel(label: unknown): string {
  if (typeof label !== 'string' || !/^[!-~]{1,15}$/.test(label)) {
    throw new InvalidArgumentError('address.label', label, '1 to 15 printable ASCII characters')
  }
  return label
}
