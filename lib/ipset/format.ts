/** Entries as objects → entries in ipset's own syntax, which C++ parses and checks. */
import { InvalidArgumentError } from '../errors.js'
import type { Entry } from './types.js'
import { checkInteger } from './validate.js'

/** What each field but the first of a part belongs to. */
const belongsTo: Readonly<Partial<Record<keyof Entry, keyof Entry>>> = {
  addressTo: 'address',
  prefixLength: 'address',
  protocol: 'port',
  portTo: 'port',
  physicalDevice: 'interface',
  address2To: 'address2',
  prefixLength2: 'address2',
}

const known: ReadonlySet<string> = new Set<keyof Entry>([
  'address',
  'addressTo',
  'prefixLength',
  'protocol',
  'port',
  'portTo',
  'mark',
  'mac',
  'interface',
  'physicalDevice',
  'address2',
  'address2To',
  'prefixLength2',
  'set',
  'before',
  'after',
  'nomatch',
  'wildcard',
  'timeout',
  'packets',
  'bytes',
  'comment',
  'skbmark',
  'skbprio',
  'skbqueue',
])

/** Fields of the entry at hand that went into its text. */
let taken = 0

/** `{ address: '10.0.0.1', port: 80 }` → `'10.0.0.1,80'`. Throws for what could not be read back as the same entry. */
export function formatEntry(entry: Entry): string {
  if (typeof entry !== 'object' || entry === null) {
    throw new InvalidArgumentError('entry', entry, `text in ipset's syntax, or an object`)
  }
  const text = formatRead(entry)
  // There may be a million: the names are looked at only where there are more fields than were taken.
  if (taken !== fieldsOf(entry)) checkFields(entry)
  if (text === '' || text.startsWith(' ')) {
    throw new InvalidArgumentError('entry', entry, 'an address, a port, a mac or a set among its fields')
  }
  return text
}

/** The same for an entry that was read from the kernel. */
export function formatRead(entry: Entry): string {
  taken = 0
  return element(entry) + extensions(entry)
}

function fieldsOf(entry: Entry): number {
  let count = 0
  // Object.keys would make an array of each entry.
  for (const field in entry) if (field !== '') count++
  return count
}

function checkFields(entry: Entry): void {
  for (const field in entry) {
    const value: unknown = Reflect.get(entry, field)
    if (value === undefined) continue
    if (!known.has(field)) throw new InvalidArgumentError(field, value, `one of ${[...known].join(', ')}`)
    const owner = belongsTo[field as keyof Entry]
    if (owner === undefined || entry[owner] !== undefined || value === false) continue
    throw new InvalidArgumentError(field, value, `nothing without ${owner}`)
  }
}

function element(entry: Entry): string {
  let all = ''
  if (entry.address !== undefined) {
    all = side('address', 'prefixLength', entry.address, entry.addressTo, entry.prefixLength)
  }
  if (entry.mac !== undefined) all = behind(all, word('mac', entry.mac))
  if (entry.mark !== undefined) all = behind(all, word('mark', entry.mark))
  if (entry.port !== undefined) all = behind(all, port(entry))
  if (entry.interface !== undefined) {
    const physical = flag('physicalDevice', entry.physicalDevice, 'physdev:')
    all = behind(all, physical + word('interface', entry.interface))
  }
  if (entry.address2 !== undefined) {
    const { address2, address2To, prefixLength2 } = entry
    all = behind(all, side('address2', 'prefixLength2', address2, address2To, prefixLength2))
  }
  if (entry.set !== undefined) all = behind(all, text('set', entry.set, /[\s\0]/))
  return all
}

function behind(all: string, part: string): string {
  return all === '' ? part : `${all},${part}`
}

function side(
  field: string,
  prefixField: string,
  address: string,
  to: string | undefined,
  prefixLength: number | undefined,
): string {
  const range = to === undefined ? '' : `-${word(`${field}To`, to)}`
  const prefix = prefixLength === undefined ? '' : `/${word(prefixField, prefixLength)}`
  return word(field, address) + range + prefix
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
  all += flag('nomatch', entry.nomatch, ' nomatch')
  all += flag('wildcard', entry.wildcard, ' wildcard')
  if (entry.packets !== undefined) all += ` packets ${word('packets', entry.packets)}`
  if (entry.bytes !== undefined) all += ` bytes ${word('bytes', entry.bytes)}`
  if (entry.comment !== undefined) all += ` comment "${text('comment', entry.comment, /["\n\0]/)}"`
  if (entry.skbmark !== undefined) all += ` skbmark ${skbMark(entry.skbmark)}`
  if (entry.skbprio !== undefined) all += ` skbprio ${skbPriority(entry.skbprio)}`
  if (entry.skbqueue !== undefined) all += ` skbqueue ${word('skbqueue', entry.skbqueue)}`
  return all
}

function flag(field: string, value: unknown, words: string): string {
  if (value === undefined) return ''
  if (typeof value !== 'boolean') throw new InvalidArgumentError(field, value, 'true or false')
  taken++
  return value ? words : ''
}

function skbMark(value: NonNullable<Entry['skbmark']>): string {
  if (!isObject(value)) throw new InvalidArgumentError('skbmark', value, 'an object { mark, mask }')
  const { mark, mask } = value
  const whole = mask === undefined || mask === 0xffffffff
  taken++
  return number('skbmark.mark', mark) + (whole ? '' : `/${number('skbmark.mask', mask)}`)
}

function skbPriority(value: NonNullable<Entry['skbprio']>): string {
  if (!isObject(value)) throw new InvalidArgumentError('skbprio', value, 'an object { major, minor }')
  const { major, minor } = value
  taken++
  return `${hexadecimal('skbprio.major', major)}:${hexadecimal('skbprio.minor', minor)}`
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function number(field: string, value: unknown): string {
  return String(checkInteger(value, field, 0, 0xffffffff))
}

function hexadecimal(field: string, value: unknown): string {
  return checkInteger(value, field, 0, 0xffff).toString(16)
}

// Anything else than a letter, a figure and a few marks would make it another entry.
const separators = /[\s,\0]/

function word(field: string, value: unknown): string {
  if (typeof value !== 'number' && typeof value !== 'bigint') return text(field, value, separators)
  taken++
  return String(value)
}

function text(field: string, value: unknown, forbidden: RegExp): string {
  taken++
  if (typeof value === 'string' && !forbidden.test(value)) return value
  const allowed = forbidden === separators ? 'text without blanks and commas' : 'text that fits into one line'
  throw new InvalidArgumentError(field, value, allowed)
}
