/** Entries of every set type in every form that its element may have, by chance, and their extensions. */
import fc from 'fast-check'

import type { SetOptions, SetTypeName } from '../../lib/index.js'

export type Family = 'inet' | 'inet6'

const byte = fc.integer({ min: 0, max: 255 })
// Few of each, so that entries meet each other.
const v4 = fc.tuple(fc.integer({ min: 0, max: 3 }), byte).map(([third, last]) => `10.0.${third}.${last}`)
const v6 = fc.integer({ min: 1, max: 0xfff }).map((number) => `2001:db8::${number.toString(16)}`)
const v4Range = fc
  .tuple(fc.integer({ min: 0, max: 3 }), byte, fc.integer({ min: 0, max: 9 }))
  .map(([third, from, length]) => `10.0.${third}.${from}-10.0.${third}.${Math.min(255, from + length)}`)

const single = { inet: v4, inet6: v6 }
/** One address, or several that become entries of their own. */
const addresses = {
  inet: fc.oneof(
    v4,
    fc.tuple(v4, fc.integer({ min: 27, max: 32 })).map(([ip, length]) => `${ip}/${length}`),
    v4Range,
  ),
  inet6: fc.oneof(
    v6,
    v6.map((ip) => `${ip}/128`),
  ),
}
const networks = {
  inet: fc.oneof(
    v4,
    fc.tuple(v4, fc.integer({ min: 1, max: 32 })).map(([ip, length]) => `${ip}/${length}`),
    v4Range,
  ),
  inet6: fc.oneof(
    v6,
    fc.tuple(v6, fc.integer({ min: 1, max: 128 })).map(([ip, length]) => `${ip}/${length}`),
  ),
}
const anyNetworks = {
  inet: fc.oneof(networks.inet, fc.constant('0.0.0.0/0')),
  inet6: fc.oneof(networks.inet6, fc.constant('::/0')),
}

const number = fc.integer({ min: 0, max: 65535 })
const ports = fc.oneof(
  number.map(String),
  number.map((port) => `0x${port.toString(16)}`),
  fc
    .tuple(number, fc.integer({ min: 0, max: 5 }))
    .map(([from, more]) => `${from}-${Math.min(65535, from + more)}`),
)
const carried = fc
  .tuple(fc.constantFrom('', 'tcp:', 'udp:', 'sctp:', 'udplite:', '6:', '17:', 'TCP:'), ports)
  .map(([protocol, port]) => protocol + port)
const others = fc.constantFrom('47:0', '50:0', '253:0')
const transport = {
  inet: fc.oneof(
    { weight: 4, arbitrary: carried },
    others,
    fc.constantFrom('icmp:echo-request', 'icmp:3/13', '1:8/0'),
  ),
  inet6: fc.oneof(
    { weight: 4, arbitrary: carried },
    others,
    fc.constantFrom('icmpv6:ping', 'icmpv6:200/1', '58:1/0'),
  ),
}
const both = <T>(arbitrary: T) => ({ inet: arbitrary, inet6: arbitrary })
const macs = both(
  fc.array(byte, { minLength: 6, maxLength: 6 }).map((bytes) => {
    // ipset takes no address of zeros.
    const [first = 0, ...rest] = bytes
    return [first || 2, ...rest].map((one) => one.toString(16).padStart(2, '0')).join(':')
  }),
)
const marks = both(
  fc.nat(0x7fffffff).chain((mark) => fc.constantFrom(String(mark), `0x${mark.toString(16)}`)),
)
const interfaces = both(fc.constantFrom('eth0', 'physdev:eth1', 'br-1.2', 'abcdefghijklmno'))
const members = both(fc.constantFrom('member-a', 'member-b', 'member-c', 'member-d'))

type Part = Readonly<Record<Family, fc.Arbitrary<string>>>

const parts: Readonly<Record<SetTypeName, readonly Part[]>> = {
  'bitmap:ip': [addresses],
  'bitmap:ip,mac': [single, macs],
  'bitmap:port': [both(ports)],
  'hash:ip': [addresses],
  'hash:mac': [macs],
  'hash:ip,mac': [single, macs],
  'hash:ip,mark': [addresses, marks],
  'hash:ip,port': [addresses, transport],
  'hash:ip,port,ip': [addresses, transport, single],
  'hash:ip,port,net': [addresses, transport, networks],
  'hash:net': [networks],
  'hash:net,net': [networks, networks],
  'hash:net,port': [networks, transport],
  'hash:net,port,net': [anyNetworks, transport, anyNetworks],
  'hash:net,iface': [anyNetworks, interfaces],
  'list:set': [members],
}

const count = fc.bigInt({ min: 0n, max: (1n << 64n) - 2n })
const extensions = fc
  .tuple(
    fc.option(fc.constantFrom('timeout 0', 'timeout 5000', 'timeout 2147483')),
    fc.option(fc.tuple(count, count).map(([packets, bytes]) => `packets ${packets} bytes ${bytes}`)),
    fc.option(
      fc.constantFrom(
        'comment "x"',
        'comment "two words, ü"',
        'comment plain',
        `comment "${'c'.repeat(255)}"`,
      ),
    ),
    fc.option(fc.constantFrom('skbmark 0x10', 'skbmark 0x10/0xff', 'skbmark 0xffffffff/0x1')),
    fc.option(fc.constantFrom('skbprio 1:10', 'skbprio ffff:ffff')),
    fc.option(fc.constantFrom('skbqueue 1', 'skbqueue 65535')),
  )
  .map((words) => words.filter((word) => word !== null).join(' '))

/** Types whose entries may be exceptions. */
const takesNomatch = (type: SetTypeName): boolean => type.includes('net')

/** An entry, with extensions; the same as `ipset add` takes. */
export function entryOf(type: SetTypeName, family: Family): fc.Arbitrary<string> {
  const element = fc.tuple(...parts[type].map((part) => part[family])).map((texts) => texts.join(','))
  const nomatch = takesNomatch(type) ? fc.constantFrom('', '', ' nomatch') : fc.constant('')
  return fc.tuple(element, extensions, nomatch).map(([text, more, flag]) => `${text} ${more}${flag}`.trim())
}

export const familiesOf = (type: SetTypeName): readonly Family[] =>
  /^bitmap|^list|^hash:mac/.test(type) ? ['inet'] : ['inet', 'inet6']

export const everyType = Object.keys(parts) as SetTypeName[]

/** Options with which a set takes whatever `entryOf` makes. */
export function optionsFor(type: SetTypeName, family: Family): SetOptions {
  const all = { timeout: 0, counters: true, comment: true, skbinfo: true }
  if (type === 'bitmap:port') return { ...all, range: '0-65535' }
  if (type.startsWith('bitmap')) return { ...all, range: '10.0.0.0-10.0.255.255' }
  if (type === 'list:set') return { ...all, size: 8 }
  const hash = { ...all, initval: 7, maxelem: 1_000_000 }
  return type === 'hash:mac' ? hash : { ...hash, family }
}
