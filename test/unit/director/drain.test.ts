import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Change } from '../../../lib/index.js'
import { Drains } from '../../../lib/director/sync/drain.js'

const service = { protocol: 'tcp' as const, address: '10.0.0.1', port: 80 }
const key = 'tcp 10.0.0.1:80'

function change(type: 'addServer' | 'updateServer' | 'removeServer', weight = 1, at = '10.1.0.1'): Change {
  const server = { address: at, port: 80, weight }
  return { type, key, service, serverKey: `${at}:80`, server }
}

const minute = () => 60
const busy = () => ({ activeConnections: 1, inactiveConnections: 0 })
const idle = () => ({ activeConnections: 0, inactiveConnections: 0 })

test('a TCP server is set to weight 0 instead of being removed', () => {
  const drains = new Drains()
  const [only, ...rest] = drains.begin([change('removeServer', 5)], 0, minute)
  assert.deepEqual(rest, [])
  assert.deepEqual(only, change('updateServer', 0))
  assert.equal(drains.size, 1)
})

test('a draining server is removed when it has no connections left', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, minute)
  assert.deepEqual(drains.finish(1, busy), [])
  assert.deepEqual(drains.finish(2, idle), [change('removeServer')])
  assert.deepEqual(drains.finish(3, idle), [])
})

test('inactive connections keep a server draining as active ones do', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, minute)
  assert.deepEqual(
    drains.finish(1, () => ({ activeConnections: 0, inactiveConnections: 3 })),
    [],
  )
})

test('time is up: the server is removed with its connections', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 1000, minute)
  assert.deepEqual(drains.finish(60_999, busy), [])
  assert.deepEqual(drains.finish(61_000, busy), [change('removeServer')])
})

test('without a bound a busy server drains for ever', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, () => Infinity)
  assert.deepEqual(drains.finish(Number.MAX_SAFE_INTEGER, busy), [])
})

test('a drain time of 0 removes at once', () => {
  const drains = new Drains()
  assert.deepEqual(
    drains.begin([change('removeServer')], 0, () => 0),
    [change('removeServer')],
  )
  assert.equal(drains.size, 0)
})

test('UDP and SCTP servers are removed at once', () => {
  for (const protocol of ['udp', 'sctp'] as const) {
    const removal = { ...change('removeServer'), service: { ...service, protocol } } as Change
    assert.deepEqual(new Drains().begin([removal], 0, minute), [removal])
  }
})

test('a draining server that is wanted again gets its weight back and stays', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, minute)
  assert.deepEqual(drains.begin([change('addServer', 7)], 1, minute), [change('updateServer', 7)])
  assert.deepEqual(drains.finish(100_000, idle), [])
})

test('asking again for the removal of a draining server changes nothing, its deadline included', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, minute)
  assert.deepEqual(drains.begin([change('removeServer', 0)], 30_000, minute), [])
  assert.deepEqual(drains.finish(60_000, busy), [change('removeServer')])
})

test('an unwanted server that already has weight 0 is taken over: a former life of the director drains on', () => {
  const drains = new Drains()
  assert.deepEqual(drains.begin([change('removeServer', 0)], 0, minute), [])
  assert.deepEqual(drains.finish(1, idle), [change('removeServer', 0)])
})

test('servers of a removed service are forgotten with it', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, minute)
  drains.begin([{ type: 'removeService', key, service }], 1, minute)
  assert.equal(drains.size, 0)
})

test('a server that is gone from the kernel is forgotten', () => {
  const drains = new Drains()
  drains.begin([change('removeServer')], 0, minute)
  assert.deepEqual(
    drains.finish(1, () => undefined),
    [],
  )
  assert.equal(drains.size, 0)
})

test('in whatever order servers come and go, the kernel ends with exactly the wanted ones once all are idle', () => {
  const step = fc.record({
    at: fc.constantFrom('10.1.0.1', '10.1.0.2', '10.1.0.3'),
    wanted: fc.boolean(),
    idle: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (sequence) => {
      const drains = new Drains()
      const kernel = new Map<string, number>()
      const wanted = new Set<string>()
      const run = (changes: readonly Change[]): void => {
        for (const one of changes) {
          if (one.type === 'addServer')
            assert.ok(!kernel.has(one.serverKey), 'the kernel would refuse to add it twice')
          if (one.type === 'updateServer')
            assert.ok(kernel.has(one.serverKey), 'the kernel would not know it')
          if (one.type === 'addServer' || one.type === 'updateServer')
            kernel.set(one.serverKey, one.server.weight ?? 1)
          if (one.type === 'removeServer') assert.ok(kernel.delete(one.serverKey))
        }
      }
      sequence.forEach(({ at, wanted: isWanted, idle: isIdle }, now) => {
        if (isWanted && !wanted.has(at)) run(drains.begin([change('addServer', 1, at)], now, minute))
        if (!isWanted && wanted.has(at)) run(drains.begin([change('removeServer', 1, at)], now, minute))
        if (isWanted) wanted.add(at)
        else wanted.delete(at)
        run(drains.finish(now, isIdle ? idle : busy))
        for (const one of wanted) assert.equal(kernel.get(`${one}:80`), 1)
      })
      run(drains.finish(0, idle))
      assert.deepEqual(new Set(kernel.keys()), new Set([...wanted].map((at) => `${at}:80`)))
    }),
  )
})
