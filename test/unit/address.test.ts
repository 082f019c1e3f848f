import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import test from 'node:test'

import fc from 'fast-check'

import {
  canonicalAddress,
  familyOf,
  formatEndpoint,
  formatIpv4,
  parseIpv4,
  readAddress,
  writeAddress,
} from '../../lib/address.js'

test('a dotted quad is four octets without leading zeros, and nothing else', () => {
  assert.equal(parseIpv4('10.0.0.1'), 0x0a000001)
  assert.equal(parseIpv4('255.255.255.255'), 0xffffffff)
  for (const text of [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1e1.0.0.0',
  ]) {
    assert.equal(parseIpv4(text), -1, text)
  }
})

test('every IPv4 address survives text and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (address) => {
      assert.equal(parseIpv4(formatIpv4(address)), address)
    }),
  )
})

test('every IPv6 address survives bytes and back, in inet_ntop form', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = readAddress(10, bytes, 0)
      assert.ok(isIPv6(text), text)
      const back = new Uint8Array(16)
      assert.equal(writeAddress(text, back, 0), 10)
      assert.deepEqual(back, bytes)
    }),
  )
  assert.equal(canonicalAddress('2001:DB8:0:0:1:0:0:1'), '2001:db8::1:0:0:1')
  assert.equal(canonicalAddress('::ffff:102:304'), '::ffff:1.2.3.4')
  assert.equal(canonicalAddress('::1.2.3.4'), '::1.2.3.4')
  assert.equal(canonicalAddress('::1'), '::1')
})

test('zones, prefixes, names and short forms are no addresses', () => {
  for (const text of [
    'fe80::1%eth0',
    '10.0.0.0/8',
    'localhost',
    '10.1',
    '::1::',
    ':',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    '::1.2.3.400',
  ]) {
    assert.equal(familyOf(text), 0, text)
  }
  assert.throws(() => canonicalAddress('localhost', 'group'), {
    code: 'ERR_INVALID_ARGUMENT',
    field: 'group',
    value: 'localhost',
  })
})

test('an endpoint has IPv6 in brackets', () => {
  assert.equal(formatEndpoint('10.0.0.1', 80), '10.0.0.1:80')
  assert.equal(formatEndpoint('fd00::1', 80), '[fd00::1]:80')
})
