/** Entries that fit no set of their type, which we refuse before the kernel sees them, and what ipset itself thinks. */
import assert from 'node:assert/strict'

import { InvalidEntryError, type Kernel, type SetOptions, type SetTypeName } from '../../lib/index.js'
import type { Ipset } from './set-differential.js'

export interface Misfit {
  readonly type: SetTypeName
  readonly options: SetOptions
  readonly entry: string
  /** That our error names. */
  readonly field: string
  /** Why ipset takes it all the same. */
  readonly taken?: string
}

/** Of types that every kernel with ipset has, as far as we have seen. */
export const misfits: readonly Misfit[] = [
  { type: 'hash:ip', options: {}, entry: '', field: 'entry' },
  { type: 'hash:ip', options: {}, entry: 'localhost', field: 'address', taken: 'it looks the name up' },
  {
    type: 'hash:ip',
    options: {},
    entry: '10.0.1',
    field: 'address',
    taken: 'it reads addresses as inet_aton(3) does',
  },
  { type: 'hash:ip', options: {}, entry: '010.0.0.1', field: 'address', taken: 'it reads it as octal' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.256', field: 'address' },
  { type: 'hash:ip', options: {}, entry: '2001:db8::1', field: 'address' },
  { type: 'hash:ip', options: { family: 'inet6' }, entry: '10.0.0.1', field: 'address' },
  { type: 'hash:ip', options: { family: 'inet6' }, entry: '2001:db8::1-2001:db8::9', field: 'addressTo' },
  { type: 'hash:ip', options: { family: 'inet6' }, entry: '2001:db8::/64', field: 'prefixLength' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.0/0', field: 'prefixLength' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.0/33', field: 'prefixLength' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1,80', field: 'entry' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 timeout 2147484', field: 'timeout' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 timeout', field: 'entry' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 timeout 1 timeout 2', field: 'entry' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 nomatch', field: 'nomatch' },
  { type: 'hash:ip', options: {}, entry: `10.0.0.1 comment "${'x'.repeat(256)}"`, field: 'comment' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 comment "open', field: 'entry' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 colour red', field: 'entry' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 skbmark 0x1ffffffff', field: 'skbmark' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 skbprio 1', field: 'skbprio' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 skbqueue 65536', field: 'skbqueue' },
  { type: 'hash:ip', options: {}, entry: '10.0.0.1 packets -1', field: 'packets' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1', field: 'entry' },
  {
    type: 'hash:ip,port',
    options: {},
    entry: '10.0.0.1,http',
    field: 'port',
    taken: 'it looks the service up',
  },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,65536', field: 'port' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,nosuch:1', field: 'protocol' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,0:1', field: 'protocol' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,gre:1', field: 'port' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,gre:0-5', field: 'portTo' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,icmpv6:1/0', field: 'protocol' },
  { type: 'hash:ip,port', options: {}, entry: '10.0.0.1,icmp:8', field: 'port' },
  { type: 'hash:ip,port,ip', options: {}, entry: '10.0.0.1,80,10.0.0.0/24', field: 'prefixLength2' },
  { type: 'hash:ip,port,ip', options: {}, entry: '10.0.0.1,80,10.0.0.0-10.0.0.9', field: 'address2To' },
  { type: 'hash:net', options: {}, entry: '10.0.0.0/0', field: 'prefixLength' },
  { type: 'hash:net', options: { family: 'inet6' }, entry: '::/0', field: 'prefixLength' },
  { type: 'hash:net', options: { family: 'inet6' }, entry: 'fd00::-fd00::1', field: 'addressTo' },
  { type: 'hash:net,iface', options: {}, entry: '10.0.0.0/8,abcdefghijklmnop', field: 'interface' },
  { type: 'hash:net,iface', options: {}, entry: '10.0.0.0/8,', field: 'interface' },
  { type: 'bitmap:ip', options: { range: '10.0.0.0/24' }, entry: 'fd00::1', field: 'address' },
  { type: 'bitmap:ip,mac', options: { range: '10.0.0.0/24' }, entry: '10.0.0.1,00:11:22', field: 'mac' },
  {
    type: 'bitmap:ip,mac',
    options: { range: '10.0.0.0/24' },
    entry: '10.0.0.1-10.0.0.3',
    field: 'addressTo',
  },
  { type: 'bitmap:port', options: { range: '0-100' }, entry: 'sctp:5', field: 'protocol' },
  { type: 'list:set', options: {}, entry: 'x'.repeat(32), field: 'set' },
]

/** Of the five types that many kernels are built without. */
export const rareMisfits: readonly Misfit[] = [
  { type: 'hash:mac', options: {}, entry: '00:11:22:33:44', field: 'mac' },
  { type: 'hash:mac', options: {}, entry: '00:11:22:33:44:5g', field: 'mac' },
  { type: 'hash:mac', options: {}, entry: '00:11:22:33:44:55,1', field: 'entry' },
  { type: 'hash:ip,mac', options: {}, entry: '10.0.0.1', field: 'entry' },
  { type: 'hash:ip,mac', options: {}, entry: '10.0.0.0/24,00:11:22:33:44:55', field: 'prefixLength' },
  { type: 'hash:ip,mac', options: {}, entry: 'fd00::1,00:11:22:33:44:55', field: 'address' },
  { type: 'hash:ip,mark', options: {}, entry: '10.0.0.1', field: 'entry' },
  { type: 'hash:ip,mark', options: {}, entry: '10.0.0.1,0x100000000', field: 'mark' },
  { type: 'hash:ip,mark', options: {}, entry: '10.0.0.1,web', field: 'mark' },
  { type: 'hash:ip,mark', options: { family: 'inet6' }, entry: 'fd00::/64,1', field: 'prefixLength' },
  { type: 'hash:net,net', options: {}, entry: '10.0.0.0/8', field: 'entry' },
  { type: 'hash:net,net', options: {}, entry: '10.0.0.0/8,10.0.0.0/33', field: 'prefixLength2' },
  { type: 'hash:net,net', options: {}, entry: '10.0.0.0/8,0.0.0.0/0', field: 'prefixLength2' },
  { type: 'hash:net,net', options: {}, entry: '10.0.0.0/8,fd00::/8', field: 'address2' },
  {
    type: 'hash:net,net',
    options: { family: 'inet6' },
    entry: 'fd00::/8,fd00::1-fd00::2',
    field: 'address2To',
  },
  { type: 'hash:net,port,net', options: {}, entry: '10.0.0.0/8,80', field: 'entry' },
  { type: 'hash:net,port,net', options: {}, entry: '10.0.0.0/8,gre:1,10.0.0.0/8', field: 'port' },
  { type: 'hash:net,port,net', options: {}, entry: '10.0.0.0/8,80,10.0.0.0/33', field: 'prefixLength2' },
  { type: 'hash:net,port,net', options: {}, entry: '10.0.0.0/8,icmpv6:1/0,10.0.0.0/8', field: 'protocol' },
]

/** Each is refused by us with its field, and by ipset too unless there is a reason; the set stays empty. */
export async function checkMisfits(kernel: Kernel, ipset: Ipset, misfits: readonly Misfit[]): Promise<void> {
  for (const { type, options, entry, field, taken } of misfits) {
    const about = `${type} '${entry}'`
    await kernel.sets.create('x', type, options)
    const error = await kernel.sets.add('x', entry).then(
      () => assert.fail(`${about} was not refused`),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof InvalidEntryError, `${about}: ${String(error)}`)
    assert.deepEqual([error.field, error.entry, error.set], [field, entry, 'x'], about)
    assert.equal((await kernel.sets.entries('x')).length, 0)
    assert.equal(takes(ipset, entry), taken !== undefined, `${about}: whether ipset takes it`)
    await kernel.sets.destroy('x')
  }
}

function takes(ipset: Ipset, entry: string): boolean {
  try {
    ipset(['restore'], `add x ${entry}\n`)
    return true
  } catch {
    return false
  }
}
