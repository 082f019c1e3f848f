import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConnection } from '../../lib/ipvs/connection-line.js'

test('an IPv4 connection', () => {
  assert.deepEqual(
    parseConnection('TCP 0A070002 9590 C0070001 1F90 0A080002 0050 ESTABLISHED     899', false),
    {
      protocol: 'tcp',
      client: { address: '10.7.0.2', port: 38288 },
      virtual: { address: '192.7.0.1', port: 8080 },
      server: { address: '10.8.0.2', port: 80 },
      state: 'ESTABLISHED',
      expiresSeconds: 899,
    },
  )
})

test('an IPv6 connection', () => {
  const line =
    'TCP 2001:0db8:0007:0000:0000:0000:0000:0002 E298 2001:0db8:0007:0000:0000:0000:0000:0001 1F90 ' +
    '2001:0db8:0008:0000:0000:0000:0000:0002 0050 CLOSE             9'
  const connection = parseConnection(line, false)
  assert.deepEqual(connection?.client, { address: '2001:db8:7::2', port: 58008 })
  assert.deepEqual(connection.server, { address: '2001:db8:8::2', port: 80 })
})

test('a template with what its persistence engine keeps', () => {
  const line = 'UDP 0A070002 0000 0A070001 13C4 0A080002 13C4 NONE             59 sip abc123@10.7.0.2'
  assert.deepEqual(parseConnection(line, false)?.persistenceEngine, { name: 'sip', data: 'abc123@10.7.0.2' })
})

test('a row of the table that tells origins', () => {
  const line = 'UDP 0A070002 0000 0A070001 13C4 0A080002 13C4 NONE        SYNC        59'
  const connection = parseConnection(line, true)
  assert.equal(connection?.origin, 'sync')
  assert.equal(connection.expiresSeconds, 59)
})

test('a protocol that is none of IPVS keeps its name', () => {
  const line = 'IP  0A070002 0000 00000001 0000 0A080002 0000 NONE             59'
  assert.equal(parseConnection(line, false)?.protocol, 'ip')
})

test('titles and damaged lines are no connections', () => {
  for (const line of [
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData',
    '',
    'TCP 0A070002 9590 C0070001',
    'TCP 0A0700 9590 C0070001 1F90 0A080002 0050 ESTABLISHED     899',
    'TCP 0A070002 9590 C0070001 1F90 0A080002 0050 ESTABLISHED     soon',
  ]) {
    assert.equal(parseConnection(line, false), undefined, line)
  }
})
