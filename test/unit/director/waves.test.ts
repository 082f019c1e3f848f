/** Addresses are bound beside the services of others, and never before their own. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type Change, diff, emptyState, plan } from '../../../lib/index.js'
import type { ChangeFailure } from '../../../lib/director/sync/data-plane.js'
import { wavesOf } from '../../../lib/director/sync/waves.js'
import { groupBySteps } from '../../../lib/director/state/order.js'
import { service, slice } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'
import { MemoryPlane } from '../../support/memory-plane.js'
import { desired, facts } from './arbitraries.js'

/** Of each change, in which wave it is made. */
function waveOfEach(changes: readonly Change[], servicesInPart: number): Map<Change, number> {
  const waves = wavesOf(groupBySteps(changes), servicesInPart)
  const numbered = waves.flatMap(([made, beside = []], nth) =>
    [...made, ...beside].map((change) => [change, nth] as const),
  )
  assert.equal(numbered.length, changes.length)
  return new Map(numbered)
}

test('every change is in one wave, and an address in a later one than every service on it', () => {
  let early = 0
  fc.assert(
    fc.property(desired, desired, fc.integer({ min: 1, max: 3 }), (before, after, servicesInPart) => {
      for (const from of [emptyState(), plan(before, facts)]) {
        const changes = diff(from, plan(after, facts))
        const waveOf = waveOfEach(changes, servicesInPart)
        assert.equal(waveOf.size, changes.length)
        const services = changes.filter(({ type }) =>
          ['addService', 'updateService', 'addServer'].includes(type),
        )
        const lastOfAll = Math.max(...services.map((change) => waveOf.get(change) ?? NaN))
        for (const change of changes) {
          if (change.type !== 'addAddress') continue
          const own = services.filter(
            (one) => 'service' in one && 'address' in one.service && one.service.address === change.address,
          )
          const bound = waveOf.get(change) ?? NaN
          for (const one of own) assert.ok((waveOf.get(one) ?? NaN) < bound)
          if (bound <= lastOfAll) early++
        }
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(early > 0, 'no address was bound beside a service')
})

test('steps other than services and addresses are made one after the other, in their order', () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      const groups = groupBySteps(diff(plan(before, facts), plan(after, facts)))
      const others = groups.filter(({ step }) => step !== 'services' && step !== 'addresses')
      const waves = wavesOf(groups, 1).filter((wave) => others.some(({ changes }) => wave[0] === changes))
      assert.deepEqual(
        waves,
        others.map(({ changes }) => [changes]),
      )
    }),
    { numRuns: 100 },
  )
})

/** Notes which changes were under way together. */
class SlowPlane extends MemoryPlane {
  readonly together: Change['type'][][] = []
  #underWay: Change['type'][] = []

  override async make(changes: readonly Change[]): Promise<ChangeFailure[]> {
    const type = changes[0]?.type
    if (type === undefined) return super.make(changes)
    this.#underWay.push(type)
    this.together.push([...this.#underWay])
    await new Promise((resolve) => setImmediate(resolve))
    const failures = await super.make(changes)
    this.#underWay = this.#underWay.filter((one) => one !== type)
    return failures
  }
}

function addressOf(index: number): string {
  return `10.20.${index >> 8}.${index & 255}`
}

test('of many services the first are reachable while the last are made, but not one that failed', async (context) => {
  const plane = new SlowPlane()
  const { director } = setUp(context, {}, plane)
  const count = 3000
  for (let index = 0; index < count; index++) {
    director.upsertService(service({ name: `s${index}`, clusterIP: addressOf(index) }))
    director.upsertEndpointSlice(slice(['10.180.0.1'], { name: `s${index}`, of: `s${index}` }))
  }
  const failing = addressOf(7)
  plane.refuse = (change) =>
    change.type === 'addService' && 'address' in change.service && change.service.address === failing
      ? 'ENOMEM'
      : undefined
  const { failed } = await director.sync()
  assert.ok(plane.together.some((types) => types.join() === 'addService,addAddress'))
  assert.deepEqual(failed.map(({ change }) => change.type).sort(), ['addAddress', 'addService'])
  assert.equal(plane.kernel.link?.addresses.size, count - 1)
  assert.ok(plane.kernel.link?.addresses.has(failing) === false)
})

test('where one of two lists cannot be tried at all, the pass ends after the other', async (context) => {
  const plane = new SlowPlane()
  const { director } = setUp(context, {}, plane)
  for (let index = 0; index < 2000; index++)
    director.upsertService(service({ name: `s${index}`, clusterIP: addressOf(index) }))
  const make = plane.make.bind(plane)
  let services = 0
  plane.make = async (changes) => {
    if (changes[0]?.type === 'addAddress') throw new Error('no link at all')
    const failures = await make(changes)
    if (changes[0]?.type === 'addService') services += changes.length
    return failures
  }
  await assert.rejects(director.sync(), /no link at all/)
  assert.equal(services, 2000)
  // What was made meanwhile is known again after a look.
  plane.make = make
  await director.sync()
  assert.equal(plane.kernel.link?.addresses.size, 2000)
})
