/** Entries as objects → entries in ipset's own syntax, which C++ parses and checks. */
import { InvalidArgumentError } from '../errors.js'
import type { Entry } from './types.js'

/** `{ address: '10.0.0.1', port: 80 }` → `'10.0.0.1,80'`. Throws for what could not be read back as the same entry. */
export function formatEntry(entry: Entry): string {
  if (typeof entry !== 'object' || entry === null) {
    throw new InvalidArgumentError('entry', entry, `text in ipset's syntax, or an object`)
  }
  const parts = []
  if (entry.address !== undefined) {
    parts.push(side('address', entry.address, entry.addressTo, entry.prefixLength))
  }
  if (entry.mac !== undefined) parts.push(word('mac', entry.mac))
  if (entry.mark !== undefined) parts.push(word('mark', entry.mark))
  if (entry.port !== undefined) parts.push(port(entry))
  if (entry.interface !== undefined) {
    parts.push((entry.physicalDevice === true ? 'physdev:' : '') + word('interface', entry.interface))
  }
  if (entry.address2 !== undefined) {
    parts.push(side('address2', entry.address2, entry.address2To, entry.prefixLength2))
  }
  if (entry.set !== undefined) parts.push(text('set', entry.set, /[\s\0]/))
  if (parts.length === 0) {
    throw new InvalidArgumentError('entry', entry, 'an address, a port, a mac or a set among its fields')
  }
  return parts.join(',') + extensions(entry)
}

function side(
  field: string,
  address: string,
  to: string | undefined,
  prefixLength: number | undefined,
): string {
  const range = to === undefined ? '' : `-${word(`${field}To`, to)}`
  const prefix = prefixLength === undefined ? '' : `/${word('prefixLength', prefixLength)}`
  return word(field, address) + prefix + range
}

function port(entry: Entry): string {
  const protocol = entry.protocol === undefined ? '' : `${word('protocol', entry.protocol)}:`
  const to = entry.portTo === undefined ? '' : `-${word('portTo', entry.portTo)}`
  return protocol + word('port', entry.port) + to
}

function extensions(entry: Entry): string {
  let all = ''
  if (entry.before !== undefined) all += ` before ${text('before', entry.before, /[\s\0]/)}`
  if (entry.after !== undefined) all += ` after ${text('after', entry.after, /[\s\0]/)}`
  if (entry.timeout !== undefined) all += ` timeout ${word('timeout', entry.timeout)}`
  if (entry.nomatch === true) all += ' nomatch'
  if (entry.wildcard === true) all += ' wildcard'
  if (entry.packets !== undefined) all += ` packets ${word('packets', entry.packets)}`
  if (entry.bytes !== undefined) all += ` bytes ${word('bytes', entry.bytes)}`
  if (entry.comment !== undefined) all += ` comment "${text('comment', entry.comment, /["\n\0]/)}"`
  if (entry.skbmark !== undefined) all += ` skbmark ${skbMark(entry.skbmark)}`
  if (entry.skbprio !== undefined) all += ` skbprio ${skbPriority(entry.skbprio)}`
  if (entry.skbqueue !== undefined) all += ` skbqueue ${word('skbqueue', entry.skbqueue)}`
  return all
}

function skbMark({ mark, mask }: NonNullable<Entry['skbmark']>): string {
  const whole = mask === undefined || mask === 0xffffffff
  return word('skbmark.mark', mark) + (whole ? '' : `/${word('skbmark.mask', mask)}`)
}

function skbPriority({ major, minor }: NonNullable<Entry['skbprio']>): string {
  return `${hexadecimal('skbprio.major', major)}:${hexadecimal('skbprio.minor', minor)}`
}

function hexadecimal(field: string, value: number): string {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff) {
    throw new InvalidArgumentError(field, value, 'an integer from 0 to 65535')
  }
  return value.toString(16)
}

// Anything else than a letter, a figure and a few marks would make it another entry.
const separators = /[\s,\0]/

function word(field: string, value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return text(field, value, separators)
}

function text(field: string, value: unknown, forbidden: RegExp): string {
  if (typeof value === 'string' && !forbidden.test(value)) return value
  const allowed = forbidden === separators ? 'text without blanks and commas' : 'text that fits into one line'
  throw new InvalidArgumentError(field, value, allowed)
}
