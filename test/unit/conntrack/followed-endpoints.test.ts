/** Which endpoints a listener that follows IPVS has in its filter. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { FollowedEndpoints } from '../../../lib/conntrack/followed-endpoints.js'

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const
const everything = { protocol: 'udp', address: '10.0.0.2', port: 0 } as const
const mark = { fwmark: 7, family: 'inet' } as const

test('a table that did not change leaves the filter as it is', () => {
  const endpoints = new FollowedEndpoints(1000)
  assert.equal(endpoints.update([[web, web]], 0), true)
  assert.equal(endpoints.update([[web, web]], 1), false)
  assert.deepEqual(endpoints.endpoints(), [web])
})

test('a service is found by its port, and one of all ports by any', () => {
  const endpoints = new FollowedEndpoints(1000)
  endpoints.update(
    [
      [web, web],
      [everything, mark],
    ],
    0,
  )
  assert.equal(endpoints.find('tcp', '10.0.0.1', 80), web)
  assert.equal(endpoints.find('tcp', '10.0.0.1', 81), undefined)
  assert.equal(endpoints.find('udp', '10.0.0.1', 80), undefined)
  assert.equal(endpoints.find('udp', '10.0.0.2', 4242), mark)
})

test('a service that went stays for a while, and is new again when it comes back', () => {
  const endpoints = new FollowedEndpoints(1000)
  endpoints.update([[web, web]], 0)
  assert.equal(endpoints.update([], 100), false)
  assert.deepEqual(endpoints.endpoints(), [web])
  assert.equal(endpoints.update([[web, web]], 500), false)
  assert.equal(endpoints.update([], 600), false)
  assert.equal(endpoints.update([], 1599), false)
  assert.equal(endpoints.find('tcp', '10.0.0.1', 80), web)
  assert.equal(endpoints.update([], 1600), true)
  assert.deepEqual(endpoints.endpoints(), [])
  assert.equal(endpoints.update([[web, web]], 1700), true)
})
