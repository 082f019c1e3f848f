/** Sets and entries of every type, in the forms that ipset writes itself. Shared by the tests of both kinds of kernel. */
import type { SetOptions, SetTypeName } from '../../lib/index.js'

export interface SetCase {
  readonly type: SetTypeName
  readonly options: SetOptions
  /** Each with everything that the type may have: what ipset restores and we add. */
  readonly entries: readonly string[]
}

/** The seed of the hash is fixed, so that equal sets list their entries in one order. */
const hash = { initval: 7, hashsize: 1024 }
const everything = { timeout: 1000, counters: true, comment: true, skbinfo: true }

const extensions = [
  'timeout 900',
  'packets 3 bytes 18446744073709551614',
  'comment "web, of \'blue\'"',
  'skbmark 0x10/0xff skbprio 1:10 skbqueue 3',
  'timeout 2147483 packets 1 bytes 2 comment "ü" skbmark 0xffffffff skbprio ffff:ffff skbqueue 65535',
]

export const setCases: readonly SetCase[] = [
  {
    type: 'bitmap:ip',
    options: { range: '10.0.0.0-10.0.3.255' },
    entries: ['10.0.0.1', '10.0.1.0/24', '10.0.2.5-10.0.2.9'],
  },
  { type: 'bitmap:ip', options: { range: '10.0.0.0/8', netmask: 24 }, entries: ['10.3.2.1', '10.9.0.0/16'] },
  {
    type: 'bitmap:ip,mac',
    options: { range: '10.0.0.0/24', comment: true },
    entries: ['10.0.0.1,00:11:22:AA:bb:cc', '10.0.0.2 comment "any mac"'],
  },
  {
    type: 'bitmap:port',
    options: { range: '0-1023', counters: true },
    entries: ['0', '80-90', '1023 packets 5'],
  },
  {
    type: 'hash:ip',
    options: { ...hash, ...everything },
    entries: [
      '10.0.0.1',
      '10.0.1.0/28',
      '10.0.2.5-10.0.2.9',
      ...extensions.map((text, i) => `10.1.0.${i} ${text}`),
    ],
  },
  { type: 'hash:ip', options: { ...hash, netmask: 24, maxelem: 10 }, entries: ['10.2.3.4', '10.3.0.0/22'] },
  { type: 'hash:ip', options: { ...hash, bitmask: '255.255.0.255' }, entries: ['10.2.3.4', '10.9.9.1'] },
  {
    type: 'hash:ip',
    options: { ...hash, family: 'inet6', bucketsize: 4 },
    entries: ['2001:db8::1', '::1', 'fd00:0:0:1::ABCD', '::ffff:1.2.3.4'],
  },
  {
    type: 'hash:mac',
    options: { ...hash, comment: true },
    entries: ['00:11:22:33:44:55', '0a:0b:0c:0d:0e:0f comment "x"'],
  },
  {
    type: 'hash:ip,mac',
    options: { ...hash, timeout: 600 },
    entries: ['10.0.0.1,00:11:22:33:44:55', '10.0.0.2,0a:0b:0c:0d:0e:0f timeout 5'],
  },
  {
    type: 'hash:ip,mark',
    options: { ...hash, markmask: 0xffff },
    entries: ['10.0.0.1,0x10', '10.0.0.2,65536', '10.0.0.4-10.0.0.6,7', '10.0.1.0/30,255'],
  },
  {
    type: 'hash:ip,mark',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::1,0x63', '::1,4294967295'],
  },
  {
    type: 'hash:ip,port',
    options: { ...hash, ...everything },
    entries: [
      '10.0.0.1,80',
      '10.0.0.1,tcp:8000-8003',
      '10.0.0.2-10.0.0.4,udp:53',
      '10.0.1.0/30,sctp:36412',
      '10.0.0.1,udplite:9',
      '10.0.0.1,icmp:ping',
      '10.0.0.1,icmp:3/13',
      '10.0.0.1,icmp:99/7',
      '10.0.0.1,gre:0',
      '10.0.0.1,253:0',
      ...extensions.map((text, i) => `10.1.0.1,${i + 1} ${text}`),
    ],
  },
  {
    type: 'hash:ip,port',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::1,80-82', '::1,icmpv6:neighbour-solicitation', '::1,icmpv6:200/1', '::2,UDP:5'],
  },
  {
    type: 'hash:ip,port,ip',
    options: { ...hash, counters: true },
    entries: ['10.0.0.1,80,10.9.0.1', '10.0.0.1-10.0.0.3,udp:5-6,10.9.0.2'],
  },
  {
    type: 'hash:ip,port,ip',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::1,tcp:80,2001:db8::2'],
  },
  {
    type: 'hash:ip,port,net',
    options: { ...hash, timeout: 0 },
    entries: [
      '10.0.0.1,80,192.168.0.0/16',
      '10.0.0.1,80,192.168.4.0/24 nomatch',
      '10.0.0.2-10.0.0.3,udp:5-6,10.9.0.0-10.9.0.9',
      '10.0.0.9,80,10.1.1.1 timeout 30',
    ],
  },
  {
    type: 'hash:net',
    options: { ...hash, ...everything },
    entries: [
      '10.0.0.0/8',
      '10.1.2.3/24 nomatch',
      '192.168.0.1',
      '172.16.0.5-172.16.0.20',
      '0.0.0.0/1',
      ...extensions.map((text, i) => `11.${i}.0.0/16 ${text}`),
    ],
  },
  {
    type: 'hash:net',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::/32', 'fd00::1', '2001:db8:1::/48 nomatch', '8000::/1'],
  },
  {
    type: 'hash:net,net',
    options: { ...hash, comment: true },
    entries: [
      '10.0.0.0/8,192.168.0.0/16',
      '0.0.0.0/1,10.0.0.1 comment "half"',
      '10.0.0.4-10.0.0.9,172.16.0.0/12',
      '10.5.0.0/16,192.168.1.0/24 nomatch',
    ],
  },
  {
    type: 'hash:net,net',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::/32,fd00::/8', '8000::/1,::1'],
  },
  {
    type: 'hash:net,port',
    options: { ...hash, counters: true, skbinfo: true },
    entries: [
      '10.0.0.0/8,80-82',
      '10.0.0.0/24,udp:53 nomatch',
      '192.168.0.4-192.168.0.7,icmp:echo-reply',
      '10.1.1.1,esp:0',
    ],
  },
  {
    type: 'hash:net,port',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::/32,tcp:443', '::1,udp:53'],
  },
  {
    type: 'hash:net,port,net',
    options: { ...hash },
    entries: [
      '10.0.0.0/8,80-81,192.168.0.0/16',
      '0.0.0.0/0,udp:53,0.0.0.0/0',
      '10.0.0.1,tcp:5,10.0.0.2 nomatch',
    ],
  },
  {
    type: 'hash:net,port,net',
    options: { ...hash, family: 'inet6', timeout: 100 },
    entries: ['2001:db8::/32,80,fd00::/8 timeout 50', '::/0,icmpv6:ping,::1'],
  },
  {
    type: 'hash:net,iface',
    options: { ...hash, counters: true },
    entries: [
      '10.0.0.0/8,eth0',
      '0.0.0.0/0,eth1',
      '10.1.0.0/16,physdev:eth0',
      '10.2.0.0/16,eth2 nomatch',
      '10.3.0.4-10.3.0.9,abcdefghijklmno',
      '10.4.0.0/16,ppp wildcard',
    ],
  },
  {
    type: 'hash:net,iface',
    options: { ...hash, family: 'inet6' },
    entries: ['2001:db8::/32,eth0', '::/0,physdev:br0', '::1,a-b.c@d'],
  },
  {
    type: 'list:set',
    options: { size: 8, timeout: 0, comment: true },
    entries: ['member-a', 'member-b timeout 100', 'member-c before member-a', 'member-d after member-a'],
  },
]

/** Sets that the members of list:set entries name. */
export const memberSets = ['member-a', 'member-b', 'member-c', 'member-d']

/** A case's name in a test. */
export function caseName({ type, options }: SetCase): string {
  const words = Object.entries(options).filter(([option]) => !(option in hash))
  return [type, ...words.map(([option, value]) => `${option} ${value}`)].join(' ')
}

/** The options as the words of `ipset create`. */
export function createWords({ type, options }: SetCase): string {
  const words = Object.entries(options).map(([option, value]) =>
    value === true ? option : `${option} ${value}`,
  )
  return [type, ...words].join(' ')
}
