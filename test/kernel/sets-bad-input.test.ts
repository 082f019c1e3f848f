/** Whatever is no entry, no column or no option is an error of ours that names the field, and never taken for another. */
import assert from 'node:assert/strict'
import test from 'node:test'

import {
  Batch,
  InvalidArgumentError,
  NetlinkError,
  type DirectorError,
  type Entries,
  type EntryColumns,
  type SetOptions,
  type SetTypeName,
} from '../../lib/index.js'
import type { SetsCalls } from '../../lib/native-sets.js'
import { native } from '../../lib/native.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

/** Whatever JavaScript may pass, whatever TypeScript says. */
const any = (value: unknown): never => value as never

async function invalid(work: () => unknown): Promise<InvalidArgumentError> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof InvalidArgumentError, `${String(error)} is no InvalidArgumentError`)
    return error
  }
  return assert.fail('was not refused')
}

const everything = { timeout: 0, counters: true, comment: true, skbinfo: true }
const objects: [type: SetTypeName, options: SetOptions, entry: object, field: string][] = [
  ['hash:net', {}, { address: '10.0.0.0', prefix: 8 }, 'prefix'],
  ['hash:net', {}, { address: '10.0.0.0', prefixLength: 8, nomatch: 'yes' }, 'nomatch'],
  ['hash:net', {}, { address: '10.0.0.0', prefixLength: 33 }, 'prefixLength'],
  ['hash:net', {}, { address: '10.0.0.0', prefixLength: 0 }, 'prefixLength'],
  ['hash:net', {}, { address: '10.0.0.0', physicalDevice: true }, 'physicalDevice'],
  ['hash:net,iface', {}, { address: '10.0.0.0', interface: 'e', physicalDevice: 'true' }, 'physicalDevice'],
  ['hash:net,iface', {}, { address: '10.0.0.0', interface: 'e', wildcard: 1 }, 'wildcard'],
  ['hash:ip', {}, { address: '10.0.0.1', protocol: 'udp' }, 'protocol'],
  ['hash:ip', {}, { address: '10.0.0.1', portTo: 80 }, 'portTo'],
  ['hash:ip', {}, { address: '10.0.0.1', prefixLength2: 8 }, 'prefixLength2'],
  ['hash:ip', {}, { addresses: ['10.0.0.1'] }, 'addresses'],
  ['bitmap:port', { range: '0-100' }, { port: 80, addressTo: '10.0.0.1' }, 'addressTo'],
  ['hash:ip', everything, { address: '10.0.0.1', skbmark: 16 }, 'skbmark'],
  ['hash:ip', everything, { address: '10.0.0.1', skbmark: { mark: -1, mask: 1 } }, 'skbmark.mark'],
  ['hash:ip', everything, { address: '10.0.0.1', skbprio: null }, 'skbprio'],
  ['hash:ip', everything, { address: '10.0.0.1', timeout: null }, 'timeout'],
]

test(
  'fields that are unknown, without their owner or of another kind are refused in an object',
  { skip },
  () =>
    withKernel(async ({ sets }) => {
      for (const [type, options, entry, field] of objects) {
        await sets.create('x', type, options)
        const error = await invalid(() => sets.add('x', entry as Entries))
        assert.equal(error.field, field, JSON.stringify(entry))
        assert.doesNotMatch(error.message, /got undefined/)
        assert.deepEqual(await sets.entries('x'), [])
        await sets.destroy('x')
      }
      await sets.create('x', 'hash:net')
      const harmless = {
        address: '10.0.0.0',
        prefixLength: 8,
        nomatch: false,
        wildcard: false,
        comment: undefined,
      }
      await sets.add('x', any(harmless))
      assert.equal(await sets.has('x', '10.1.1.1'), true)
    }),
)

const addresses = Uint32Array.of(0x0a000001)
const columns: [type: SetTypeName, columns: object, field: string][] = [
  ['hash:ip,port', { addresses, port: 80 }, 'columns.port'],
  ['hash:ip,port', { addresses, ports: 70_000 }, 'columns.ports'],
  ['hash:ip,port', { addresses, ports: Uint16Array.of(1, 2, 3) }, 'columns.ports'],
  ['hash:ip', { addresses, protocols: 'udp' }, 'columns.protocols'],
  ['hash:ip', { addresses, timeouts: 2_147_484 }, 'columns.timeouts'],
  ['hash:ip', { addresses, packets: 5 }, 'columns.packets'],
  ['hash:ip', { addresses, packets: BigUint64Array.of(2n ** 64n - 1n) }, 'packets'],
  ['hash:ip', { addresses, bytes: BigUint64Array.of(2n ** 64n - 1n) }, 'bytes'],
  ['hash:net,iface', { addresses, interface: 5 }, 'columns.interface'],
  ['hash:ip', { addresses: new Uint32Array(new SharedArrayBuffer(4)) }, 'columns.addresses'],
  ['hash:ip,port', { addresses, ports: new Uint16Array(new SharedArrayBuffer(2)) }, 'columns.ports'],
]

test(
  'columns that are unknown, shared, or of another kind are refused by the name they were given',
  { skip },
  () =>
    withKernel(async ({ sets }) => {
      for (const [type, table, field] of columns) {
        await sets.create('x', type, { counters: true, timeout: 0 })
        const error = await invalid(() => sets.add('x', table as EntryColumns))
        assert.equal(error.field, field)
        assert.doesNotMatch(error.allowed, /from 0 to 0/)
        assert.deepEqual(await sets.entries('x'), [])
        await sets.destroy('x')
      }
    }),
)

test('options that are none, unknown or of another kind are refused, of every call', { skip }, () =>
  withKernel(async (kernel) => {
    const { sets } = kernel
    await sets.create('x', 'hash:ip,port')
    const calls: ((options: never) => unknown)[] = [
      (options) => sets.add('x', '10.0.0.1,80', options),
      (options) => sets.remove('x', '10.0.0.1,80', options),
      (options) => sets.replace('x', [], options),
      (options) => sets.sync('x', [], options),
      (options) => sets.restore('add x 10.0.0.1,80\n', options),
      (options) => new Batch().addEntry('x', '10.0.0.1,80', options),
    ]
    for (const call of calls) {
      assert.equal((await invalid(() => call(any(null)))).field, 'options')
      assert.equal((await invalid(() => call(any({ exists: 'ignore' })))).field, 'options.exists')
      assert.equal((await invalid(() => call(any({ serviceNames: 'no' })))).field, 'serviceNames')
    }
    assert.equal((await invalid(() => sets.create('y', 'hash:ip', any(null)))).field, 'options')
    assert.equal((await invalid(() => sets.destroy('x', any(null)))).field, 'options')
    assert.equal((await invalid(() => kernel.commit(new Batch(), any(null)))).field, 'options')
    for (const no of [undefined, null, 5, [null], { addresses }]) await invalid(() => sets.has('x', any(no)))
    assert.deepEqual(await sets.entries('x'), [])
  }),
)

test('what the kernel says of a new bitmap is decoded as of a bitmap', { skip }, () =>
  withKernel(async ({ sets }) => {
    const options = { range: '10.0.0.1-10.0.0.5', netmask: 24 }
    const error = await sets.create('x', 'bitmap:ip', options).then(
      () => assert.fail('was not refused'),
      (thrown: DirectorError) => thrown,
    )
    assert.ok(error instanceof NetlinkError)
    assert.deepEqual([error.code, /netmask/.test(error.message)], ['IPSET_ERR_BITMAP_RANGE', true])
  }),
)

test('a type that was missing is asked for again: its module may have come', { skip }, () =>
  withKernel(async ({ sets }) => {
    const calls = native().sets as { types: SetsCalls['types'] }
    const { types } = calls
    calls.types = async (handle) => (await types(handle)).filter(({ name }) => name !== 'hash:net')
    try {
      assert.ok(!(await sets.types()).some(({ name }) => name === 'hash:net'))
      await assert.rejects(sets.create('x', 'hash:net'), { code: 'ERR_SET_TYPE' })
    } finally {
      calls.types = types
    }
    await sets.create('x', 'hash:net')
  }),
)

test('a list says of a set that it is no member, and of none that it does not exist', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('list', 'list:set')
    await sets.create('x', 'hash:ip')
    await sets.create('y', 'hash:ip')
    await assert.rejects(sets.add('list', 'x before y'), {
      code: 'IPSET_ERR_REF_EXIST',
      message: /no member/,
    })
    await assert.rejects(sets.add('list', 'x before no'), { code: 'IPSET_ERR_NAMEREF', message: /not exist/ })
  }),
)
