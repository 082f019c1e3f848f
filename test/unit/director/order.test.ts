import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  apply,
  type Change,
  describeChange,
  diff,
  emptyState,
  type KernelState,
  plan,
  steps,
} from '../../../lib/index.js'
import { formatRule } from '../../../lib/iptables/rule-text.js'
import { service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'
import { desired, facts } from './arbitraries.js'

/** Every state on the way from one to another, with the change that led to it. */
function* way(from: KernelState, to: KernelState): Generator<{ change: Change; state: KernelState }> {
  let state = from
  for (const change of diff(from, to)) {
    state = apply(state, [change])
    yield { change, state }
  }
}

/** Whether a new connection to the service would get through the filter: its address and port stand in a set. */
function isAccepted(state: KernelState, address: string, entry: string): boolean {
  const v6 = address.includes(':') ? '6-' : ''
  const sets = ['CLUSTER-IP', 'EXTERNAL-IP', 'EXTERNAL-IP-LOCAL', 'LOAD-BALANCER']
  return sets.some((name) => state.sets.get(`KUBE-${v6}${name}`)?.entries.has(entry) === true)
}

test('no address is bound before its services, their servers, their set entries and the rules are there', () => {
  fc.assert(
    fc.property(desired, (wanted) => {
      const target = plan(wanted, facts)
      for (const { change, state } of way(emptyState(), target)) {
        if (change.type !== 'addAddress') continue
        for (const [key, { service, servers }] of target.services) {
          if ('fwmark' in service || service.address !== change.address) continue
          assert.deepEqual(state.services.get(key)?.servers, servers)
          assert.ok(
            isAccepted(state, service.address, `${service.address},${service.protocol}:${service.port}`),
          )
        }
        assert.equal(state.iptables.size, target.iptables.size)
      }
    }),
    { numRuns: 100 },
  )
})

test('an address that leaves is unbound while its services, servers and set entries are still there', () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      const from = plan(before, facts)
      for (const { change, state } of way(from, plan(after, facts))) {
        if (change.type !== 'removeAddress') continue
        for (const [key, { service }] of from.services) {
          if ('fwmark' in service || service.address !== change.address) continue
          assert.ok(state.services.has(key))
          assert.ok(
            isAccepted(state, service.address, `${service.address},${service.protocol}:${service.port}`),
          )
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('an address of the link is never refused while a service on it lives', () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      const [from, to] = [plan(before, facts), plan(after, facts)]
      for (const { state } of way(from, to)) {
        for (const [key, { service }] of from.services) {
          if ('fwmark' in service || !to.services.has(key) || !to.link?.addresses.has(service.address))
            continue
          assert.ok(
            isAccepted(state, service.address, `${service.address},${service.protocol}:${service.port}`),
          )
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('while an address is bound, the rules on each set that has an entry of it stay, whatever else comes', () => {
  const lb = service({ type: 'LoadBalancer', clusterIP: '10.96.0.9', ingress: ['198.51.100.9'] })
  const other = service({ name: 'other', clusterIP: '10.96.0.10', externalIPs: ['198.51.100.10'] })
  const [from, to] = [plan({ services: [lb] }, facts), plan({ services: [other] }, facts)]
  let isBound = 0
  for (const { state } of way(from, to)) {
    if (state.link?.addresses.has('198.51.100.9') !== true) continue
    isBound += 1
    const chain = state.iptables.get('inet')?.chains.get('nat KUBE-SERVICES') ?? []
    const texts = chain.map(formatRule).join('\n')
    assert.match(texts, /match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER\n/)
    assert.match(texts, /match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT/)
  }
  assert.ok(isBound > 3)
  // In the order in which the plan has them: a rule that leaves stands where it stood.
  const [first] = diff(from, to).filter(({ type }) => type === 'writeRules')
  const both = plan({ services: [lb, other] }, facts).iptables.get('inet')
  const written = first?.type === 'writeRules' ? first.rules.writeChains.get('nat KUBE-SERVICES') : undefined
  assert.deepEqual(
    written?.map(formatRule).sort(),
    both?.chains.get('nat KUBE-SERVICES')?.map(formatRule).sort(),
  )
})

test('a service that keeps at least one server is never left without any', () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      const [from, to] = [plan(before, facts), plan(after, facts)]
      for (const { state } of way(from, to)) {
        for (const [key, { servers }] of from.services) {
          const next = to.services.get(key)
          if (servers.size === 0 || next === undefined || next.servers.size === 0) continue
          assert.ok((state.services.get(key)?.servers.size ?? 0) > 0, key)
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('rules never match a set that is not there, and no set leaves under a rule', () => {
  fc.assert(
    fc.property(desired, (wanted) => {
      const target = plan(wanted, facts)
      for (const [from, to] of [
        [emptyState(), target],
        [target, emptyState()],
      ] as const) {
        for (const { state } of way(from, to)) {
          const rules = [...state.iptables.values()].flatMap(({ chains }) => [...chains.values()].flat())
          const matched = rules.flatMap(({ matches = [] }) =>
            matches.filter(({ module }) => module === 'set'),
          )
          for (const { words } of matched) assert.ok(state.sets.has(words[1] ?? ''), words[1])
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('with source ranges, those who may come are known before the others are refused', () => {
  const spec = { type: 'LoadBalancer', clusterIP: '10.96.0.9', ports: [{ port: 80 }] }
  const status = { loadBalancer: { ingress: [{ ip: '198.51.100.9' }] } }
  const service = (ranges: string[]) => ({
    metadata: { name: 'lb' },
    spec: { ...spec, loadBalancerSourceRanges: ranges },
    status,
  })
  const [open, closed] = [
    plan({ services: [service([])] }, facts),
    plan({ services: [service(['10.0.0.0/8'])] }, facts),
  ]
  for (const [from, to] of [
    [open, closed],
    [closed, open],
  ] as const) {
    for (const { state } of way(from, to)) {
      const refusing = state.sets.get('KUBE-LOAD-BALANCER-FW')?.entries.size === 1
      const allowing = state.sets.get('KUBE-LOAD-BALANCER-SOURCE-CIDR')?.entries.size === 1
      assert.ok(allowing || !refusing)
    }
  }
})

test('a plan prints what is made, in the order in which it is made, each new service before its own servers', async (context) => {
  const { plane, director } = setUp(context)
  for (const index of [1, 2]) {
    director.upsertService(service({ name: `s${index}`, clusterIP: `10.96.0.${index}` }))
    director.upsertEndpointSlice(slice([`10.180.${index}.1`, `10.180.${index}.2`], { of: `s${index}` }))
  }
  const planned = String(await director.plan())
  await director.sync()
  assert.equal(
    planned,
    plane
      .take()
      .map((change) => `${describeChange(change)}\n`)
      .join(''),
  )
  assert.match(
    planned,
    /service tcp 10\.96\.0\.1:80.*\n.*10\.180\.1\.1:80.*\n.*10\.180\.1\.2:80.*\n.*service tcp 10\.96\.0\.2:80/,
  )
})

test('every step is documented under its name', async () => {
  const { readFile } = await import('node:fs/promises')
  const document = await readFile('docs/director-order.md', 'utf8')
  const documented = [...document.matchAll(/^\| \d+ \| `([a-z-]+)`/gm)].map(([, name]) => name)
  assert.deepEqual(documented, [...steps])
})
