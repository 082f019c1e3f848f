/** Rows of set entries → objects, one by one, when somebody asks for them. */
import { readAddress } from '../address.js'
import type { EntryBit, EntryField } from '../native-sets.js'
import { native } from '../native.js'
import { littleEndian, offsetsOf, readText, type Offsets } from '../record.js'
import type { Entry } from './types.js'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

// As in native/ipset/names.cc, for the few that people have in sets; the others keep their number.
const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
}
const ICMP = new Set([1, 58])

export class EntryReader {
  private readonly at: Offsets<EntryField>
  private readonly bits: Readonly<Record<EntryBit, number>>

  constructor() {
    const { entryRow, fieldBits } = native().sets
    this.at = offsetsOf(entryRow.fields)
    this.bits = fieldBits
  }

  read(view: DataView, row: number): Entry {
    const { at, bits } = this
    const fields = view.getUint32(row + at.fields, littleEndian)
    const entry: Mutable<Entry> = {}
    if (fields & bits.address) this.readAddresses(view, row, fields, entry)
    if (fields & bits.port) this.readPort(view, row, fields, entry)
    if (fields & bits.mark) entry.mark = view.getUint32(row + at.mark, littleEndian)
    if (fields & bits.mac) entry.mac = macAt(view, row + at.mac)
    if (fields & bits.interface) {
      entry.interface = this.text(view, row + at.name, 32)
      if (fields & bits.physicalDevice) entry.physicalDevice = true
      if (fields & bits.wildcard) entry.wildcard = true
    }
    if (fields & bits.set) entry.set = this.text(view, row + at.name, 32)
    if (fields & bits.nomatch) entry.nomatch = true
    this.readExtensions(view, row, fields, entry)
    return entry
  }

  private readAddresses(view: DataView, row: number, fields: number, entry: Mutable<Entry>): void {
    const { at, bits } = this
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    const family = view.getUint8(row + at.family)
    entry.address = readAddress(family, bytes, row + at.address)
    if (fields & bits.addressTo) entry.addressTo = readAddress(family, bytes, row + at.addressTo)
    if (fields & bits.prefixLength) entry.prefixLength = view.getUint8(row + at.prefixLength)
    if (fields & bits.address2) entry.address2 = readAddress(family, bytes, row + at.address2)
    if (fields & bits.prefixLength2) entry.prefixLength2 = view.getUint8(row + at.prefixLength2)
  }

  private readPort(view: DataView, row: number, fields: number, entry: Mutable<Entry>): void {
    const { at, bits } = this
    const port = view.getUint16(row + at.port, littleEndian)
    entry.port = port
    if (fields & bits.portTo) entry.portTo = view.getUint16(row + at.portTo, littleEndian)
    if ((fields & bits.protocol) === 0) return
    const protocol = view.getUint8(row + at.protocol)
    entry.protocol = PROTOCOL_NAMES[protocol] ?? protocol
    if (ICMP.has(protocol)) entry.port = `${port >> 8}/${port & 255}`
  }

  private readExtensions(view: DataView, row: number, fields: number, entry: Mutable<Entry>): void {
    const { at, bits } = this
    const u32 = (field: EntryField) => view.getUint32(row + at[field], littleEndian)
    if (fields & bits.timeout) entry.timeout = u32('timeout')
    if (fields & bits.packets) entry.packets = view.getBigUint64(row + at.packets, littleEndian)
    if (fields & bits.bytes) entry.bytes = view.getBigUint64(row + at.bytes, littleEndian)
    if (fields & bits.comment) entry.comment = this.text(view, row + at.comment, 256)
    if (fields & bits.skbmark) entry.skbmark = { mark: u32('skbmark'), mask: u32('skbmask') }
    if (fields & bits.skbprio)
      entry.skbprio = { major: u32('skbprio') >>> 16, minor: u32('skbprio') & 0xffff }
    if (fields & bits.skbqueue) entry.skbqueue = view.getUint16(row + at.skbqueue, littleEndian)
  }

  private text(view: DataView, offset: number, size: number): string {
    return readText(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset, size)
  }
}

function macAt(view: DataView, offset: number): string {
  const bytes = Array.from({ length: 6 }, (_, index) => view.getUint8(offset + index))
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

let reader: EntryReader | undefined

/** The reader, made once: it looks the layout up. */
export function entryReader(): EntryReader {
  return (reader ??= new EntryReader())
}
