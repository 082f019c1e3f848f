/** What the checks of link names and addresses let through. Needs the addon for its layouts, but no privilege. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Batch, type AddressOptions, type InvalidArgumentError } from '../../lib/index.js'
import { AddressRun } from '../../lib/link/run.js'

function added(link: string, address: string | AddressOptions): ReturnType<AddressRun['address']> {
  const [run] = new Batch().addAddress(link, address).runs
  assert.ok(run instanceof AddressRun)
  return run.address(0)
}

function refusal(link: string, address: string | AddressOptions): InvalidArgumentError {
  const batch = new Batch()
  try {
    batch.addAddress(link, address)
  } catch (error) {
    assert.equal(batch.size, 0)
    return error as InvalidArgumentError
  }
  return assert.fail(`${JSON.stringify(address)} was accepted`)
}

test('the default prefix is the whole address', () => {
  assert.equal(added('lo', '10.0.0.1').prefixLength, 32)
  assert.equal(added('lo', '2001:db8::1').prefixLength, 128)
  assert.equal(added('lo', { address: '2001:db8::1' }).prefixLength, 128)
  assert.equal(added('lo', '10.0.0.1/0').prefixLength, 0)
})

test('loopback addresses are for the host, others for everybody', () => {
  assert.equal(added('lo', '127.0.0.2').scope, 'host')
  assert.equal(added('lo', '10.0.0.1').scope, 'global')
})

test('only IPv6 addresses skip duplicate detection, unless told not to', () => {
  assert.equal(added('lo', '2001:db8::1').noDuplicateDetection, true)
  assert.equal(
    added('lo', { address: '2001:db8::1', noDuplicateDetection: false }).noDuplicateDetection,
    false,
  )
  assert.equal(added('lo', '10.0.0.1').noDuplicateDetection, false)
})

test('every detail survives the row', () => {
  const options: AddressOptions = {
    address: '10.0.0.1',
    prefixLength: 24,
    peer: '10.0.0.2',
    broadcast: '10.0.0.255',
    label: 'eth0:vip',
    scope: 'link',
    validSeconds: 600,
    preferredSeconds: 0,
    noPrefixRoute: true,
  }
  const { link, ...rest } = added('eth0', options)
  assert.equal(link, 'eth0')
  for (const [name, value] of Object.entries(options)) assert.equal(Reflect.get(rest, name), value, name)
})

test('a malformed address is refused with its field, and leaves no operation behind', () => {
  const malformed = [
    '10.0.0',
    '10.0.0.1/',
    '10.0.0.1/33',
    '10.0.0.1/24/8',
    '::1/129',
    'fe80::1%eth0',
    '',
    '/24',
    '10.0.0.1/-1',
  ]
  for (const text of malformed) assert.equal(refusal('lo', text).code, 'ERR_INVALID_ARGUMENT', text)
  const wrong: [AddressOptions, string][] = [
    [{ address: '10.0.0.1', peer: '::1' }, 'address.peer'],
    [{ address: '10.0.0.1', prefixLength: 33 }, 'address.prefixLength'],
    [{ address: '::1', broadcast: '10.0.0.1' }, 'address.broadcast'],
    [{ address: '::1', label: 'lo' }, 'address.label'],
    [{ address: '10.0.0.1', validSeconds: 0 }, 'address.validSeconds'],
    [{ address: '10.0.0.1', validSeconds: 10, preferredSeconds: 11 }, 'address.preferredSeconds'],
    [{ address: '10.0.0.1', scope: 'universe' as 'global' }, 'address.scope'],
    [{ address: '10.0.0.1', prefix: 24 } as AddressOptions, 'address.prefix'],
    [undefined as unknown as AddressOptions, 'address'],
  ]
  for (const [options, field] of wrong) assert.equal(refusal('lo', options).field, field)
})

test('a name that no link can have is refused', () => {
  for (const name of ['', '.', '..', 'a/b', 'a b', 'a:b', 'veth%d', 'sixteen-bytes-xx', 'über-lange-namen']) {
    assert.equal(refusal(name, '10.0.0.1').field, 'link', name)
  }
  assert.equal(added('fifteen-bytes-x', '10.0.0.1').link, 'fifteen-bytes-x')
})

test('what follows a refused value is not soiled by it', () => {
  const batch = new Batch().addAddress('lo', '10.0.0.1')
  assert.throws(() => batch.addAddress('a-longer-name', { address: '10.0.0.2', prefixLength: 99 }))
  batch.addAddress('v0', '10.0.0.3')
  const [run] = batch.runs
  assert.ok(run instanceof AddressRun)
  assert.equal(run.size, 2)
  assert.deepEqual(run.describe(1).target, { link: 'v0', address: '10.0.0.3', prefixLength: 32 })
})
