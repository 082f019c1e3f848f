/** Verified snapshots, of a kernel whose readings are given. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { UnstableTableError } from '../../../lib/index.js'
import { Ipvs, type IpvsHost } from '../../../lib/ipvs/client.js'
import type { SnapshotBuffers } from '../../../lib/ipvs/snapshot.js'
import { native, type KernelHandle } from '../../../lib/native.js'

/** A table of one service on this port, with that many connections. */
function reading(port: number, connections = 0): SnapshotBuffers {
  const { size, fields } = native().ipvs.serviceRow
  const row = new DataView(new ArrayBuffer(size))
  row.setUint8(fields.family.offset, 2)
  row.setUint16(fields.protocol.offset, 6, true)
  row.setUint16(fields.port.offset, port, true)
  row.setBigUint64(fields.connections.offset, BigInt(connections), true)
  return { services: row.buffer, servers: [] }
}

/** A client of a kernel that answers the readings in turn, and counts them. */
function clientOf(context: TestContext, read: (number: number) => SnapshotBuffers) {
  let readings = 0
  context.mock.method(native().ipvs, 'snapshot', async () => read(readings++))
  const host = { handle: () => ({}) as KernelHandle } as IpvsHost
  return { ipvs: new Ipvs(host), readings: () => readings }
}

test('two readings that agree on all but counters are a verified snapshot, the newer one', async (context) => {
  const { ipvs, readings } = clientOf(context, (number) => reading(number < 2 ? number : 80, number))
  const snapshot = await ipvs.snapshot({ verified: true })
  assert.equal(snapshot.verified, true)
  assert.equal(readings(), 4)
  assert.equal(snapshot.services[0]?.counters.connections, 3n)
})

test('a table that never reads the same twice is unstable, and the error holds the last reading', async (context) => {
  const { ipvs, readings } = clientOf(context, (number) => reading(8000 + number))
  await assert.rejects(ipvs.snapshot({ verified: true }), (error: unknown) => {
    assert.ok(error instanceof UnstableTableError)
    assert.deepEqual(
      [error.code, error.operation, error.name],
      ['ERR_TABLE_UNSTABLE', 'snapshot', 'UnstableTableError'],
    )
    assert.match(error.message, /kept changing while it was read \(10 readings\)/)
    assert.equal(error.snapshot.verified, false)
    assert.deepEqual(
      error.snapshot.services.map((service) => 'port' in service && service.port),
      [8009],
    )
    return true
  })
  assert.equal(readings(), 10)
})

test('without verification one reading is taken as it is', async (context) => {
  const { ipvs, readings } = clientOf(context, (number) => reading(8000 + number))
  assert.equal((await ipvs.snapshot()).verified, false)
  assert.equal(readings(), 1)
})
