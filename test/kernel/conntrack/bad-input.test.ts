/** What is refused before anything is sent, by the name of the field. */
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Conntrack } from '../../../lib/index.js'
import { udpFlow, udpFlows } from '../../support/conntrack.js'
import { skipWithoutNamespaces as skip, withKernel } from '../../support/namespace.js'

/** Calls as JavaScript may make them, with the field that each is refused for. */
type Untyped = Record<keyof Conntrack, (...values: readonly unknown[]) => unknown>
type Call = readonly [string, (conntrack: Untyped) => unknown]

const listen = (options: unknown, field: string): Call => [field, ({ listen: call }) => call(options)]
const filter = (value: unknown, field: string): Call => listen({ filter: value }, field)
const flows = (value: unknown, field: string): Call => [field, ({ flows: call }) => call(value)]
const create = (more: object, field: string): Call => [
  field,
  ({ create: call }) => call({ ...udpFlow(1), ...more }),
]
const tcp = {
  protocol: 'tcp',
  source: '10.0.0.1',
  destination: '10.0.0.2',
  sourcePort: 1,
  destinationPort: 2,
}

const calls: readonly Call[] = [
  listen(null, 'options'),
  listen([], 'options'),
  listen({ resync: null }, 'options.resync'),
  listen({ resync: 'no' }, 'options.resync'),
  listen({ resync: { interval: 5 } }, 'options.resync.interval'),
  listen({ resync: { intervalSeconds: 0 } }, 'options.resync.intervalSeconds'),
  listen({ signal: 'x' }, 'options.signal'),
  listen({ signal: null }, 'options.signal'),
  listen({ expectations: 'x' }, 'options.expectations'),
  listen({ allNamespaces: 1 }, 'options.allNamespaces'),
  filter(null, 'filter'),
  filter([], 'filter'),
  filter(
    { destinations: [{ protocol: 'tcp', address: '10.0.0.1', prot: 80 }] },
    'filter.destinations[0].prot',
  ),
  filter({ servers: [null] }, 'filter.servers[0]'),
  filter({ mark: { value: 5, mask: 3 } }, 'filter.mark.value'),
  flows(null, 'filter'),
  flows({ status: 5 }, 'filter.status'),
  flows({ status: 'assured' }, 'filter.status'),
  flows({ mark: { value: 5, mask: 3 } }, 'filter.mark.value'),
  create({ nat: { source: { address: 'fd00::1' } } }, 'flow.nat.source.address'),
  create({ nat: { src: { address: '10.0.0.1' } } }, 'flow.nat.src'),
  create({ nat: { destination: { address: '10.0.0.1', prot: 80 } } }, 'flow.nat.destination.prot'),
  create({ nat: null }, 'flow.nat'),
  create({ original: tcp, tcp: null }, 'flow.tcp'),
  create({ original: tcp, tcp: { State: 'close' } }, 'flow.tcp.State'),
  create({ labels: 5 }, 'flow.labels'),
  create({ status: 5 }, 'flow.status'),
  create({ sctp: null }, 'flow.sctp'),
  ['flows', ({ createAll }) => createAll(null)],
  ['key.original', ({ get }) => get({})],
  ['key.original', ({ update }) => update({}, { mark: 1 })],
]

test('what is no option, no filter and no flow is refused by the name of its field', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    // Methods want their object; a call that throws at once and one that rejects are alike here.
    const untyped = new Proxy(conntrack, {
      get: (target, name) => (Reflect.get(target, name) as () => unknown).bind(target),
    }) as unknown as Untyped
    for (const [field, call] of calls) {
      await assert.rejects(async () => call(untyped), { code: 'ERR_INVALID_ARGUMENT', field }, field)
    }
    assert.deepEqual(await conntrack.flows(), [])
  }),
)

test('a deletion without a condition is refused, and leaves the table as it is', { skip }, () =>
  withKernel(async ({ conntrack }) => {
    await conntrack.createAll(udpFlows(3))
    const deletion = conntrack.delete.bind(conntrack) as (filter?: unknown) => Promise<unknown>
    for (const conditions of [
      undefined,
      {},
      { status: [] },
      { original: {} },
      { zone: undefined },
      { reply: {} },
    ]) {
      await assert.rejects(deletion(conditions), { code: 'ERR_INVALID_ARGUMENT', field: 'filter' })
    }
    assert.equal((await conntrack.count()).entries, 3)
    assert.equal((await conntrack.flush()).deleted, 3)
  }),
)
