/** Lines of ipset's language such as people, and nobody, would write: its own words in any order. */
import fc from 'fast-check'

/** Sets of every type that is found on most kernels, in both families. */
export const setup = `
create a hash:ip
create a6 hash:ip family inet6
create p hash:ip,port
create p6 hash:ip,port family inet6
create pi hash:ip,port,ip
create pn6 hash:ip,port,net family inet6
create n hash:net
create np6 hash:net,port family inet6
create i hash:net,iface
create b bitmap:port range 0-100
create bi bitmap:ip range 10.0.0.0/24 timeout 0 comment counters skbinfo
create bm bitmap:ip,mac range 10.0.0.0/24
create l list:set
`

/** An entry for each of the sets, so that a strange line has something to follow upon. */
const plainEntries: Readonly<Record<string, string>> = {
  a: '10.0.0.1',
  a6: '2001:db8::1',
  p: '10.0.0.1,tcp:80',
  p6: '2001:db8::1,udp:53',
  pi: '10.0.0.1,80,10.0.0.2',
  pn6: '2001:db8::1,80,2001:db8::/32',
  n: '10.0.0.0/24',
  np6: '2001:db8::/32,80',
  i: '10.0.0.0/8,eth0',
  b: '5',
  bi: '10.0.0.7',
  bm: '10.0.0.8',
  l: 'a',
}

export const plainLines = Object.entries(plainEntries).map(([set, entry]) => `add ${set} ${entry} -exist`)

const addresses = [
  '10.0.0.1',
  '10.1',
  '10.0.0.0/24',
  '10.0.0.1-10.0.0.9',
  '2001:db8::1',
  '2001:db8::/32',
  '::',
]
const ports = ['80', '0x50', '65536', 'tcp:80', 'udp:53', 'sctp:5', '17:80-90', 'gre:0', '0', '-1']
const icmp = ['icmp:8/0', 'icmp:echo-request', '1:8/0', 'icmpv6:ping', 'icmpv6:128/0', '58:0/0']
const others = ['00:11:22:33:44:55', 'eth0', 'physdev:eth0', 'l', '0x10/0xff', '1:10', '4294967296']
const names = ['localhost', 'http', 'tcp', 'cafe', 'a.b', 'icmp']
const signs = ['-', '/', ':', '[', ']', '.', '"', "'", '#', '%', '']

const atom = fc.constantFrom(...addresses, ...ports, ...icmp, ...others, ...names, ...signs)
/** With every sign, or with commas alone, which more often has a meaning. */
const entry = fc.oneof(
  fc
    .array(fc.oneof(atom, fc.constantFrom(...signs, ',')), { minLength: 1, maxLength: 8 })
    .map((atoms) => atoms.join('')),
  fc.array(atom, { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join(',')),
)
const set = fc.constantFrom(...Object.keys(plainEntries), 'none')
const type = fc.constantFrom(
  ...['bitmap:ip', 'bitmap:port', 'bitmap:ip,mac', 'hash:ip', 'hash:ip,port', 'hash:net,iface', 'hash:mac'],
  ...['list:set', 'iphash', 'nethash', 'portmap', 'setlist', 'ipportiphash'],
)
const option = fc
  .tuple(
    fc.constantFrom(
      ...['timeout', 'comment', 'nomatch', 'before', 'after', 'packets', 'skbmark', 'skbprio', 'skbqueue'],
      ...['family', '-6', 'range', '--range', 'from', 'to', 'network', 'netmask', 'bitmask', 'hashsize'],
      ...['maxelem', 'size', 'counters', 'wildcard', 'initval', 'probes', 'gc', '-exist', '-q', '-o', '-t'],
    ),
    fc.oneof(fc.constant(''), entry),
  )
  .map((words) => words.join(' '))
const options = fc.array(option, { maxLength: 3 }).map((list) => list.join(' '))
const aboutEntry = fc.tuple(fc.constantFrom('add', 'del', 'test'), set, entry, options)
const aboutSet = fc.tuple(fc.constant('create x'), type, options)
const anything = fc.array(
  fc.oneof(fc.constantFrom('add', 'create', 'swap', 'rename'), option, entry, set, type),
  { maxLength: 5 },
)
const commands = fc.constantFrom(
  'destroy x',
  'flush',
  'rename x y',
  'rename y x',
  'swap a a6',
  'list',
  'save',
  'COMMIT',
  '-',
)

export const hostileLine: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: aboutEntry.map((words) => words.join(' ')) },
  { weight: 2, arbitrary: aboutSet.map((words) => words.join(' ')) },
  { weight: 1, arbitrary: anything.map((words) => words.join(' ')) },
  { weight: 1, arbitrary: commands },
)
