import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import {
  apply,
  type Change,
  type DesiredState,
  diff,
  emptyState,
  type KernelState,
  plan,
  Planner,
} from '../../../lib/index.js'
import { desired, facts, service, slice, virtualService } from './arbitraries.js'

const runs = { numRuns: 300 }

/** A state that no longer changes with the planner that made it. */
function frozen(state: KernelState): KernelState {
  return apply(state, [])
}

/** What the kernel would hold, without our notes on whose wish it is; built without the code under test. */
function picture(state: KernelState): unknown {
  const services = [...state.services].map(
    ([key, { service, servers }]) => [key, service, new Map(servers)] as const,
  )
  return {
    services: new Map(services.map(([key, ...rest]) => [key, rest])),
    sets: new Map(
      [...state.sets].map(([name, { definition, entries }]) => [name, [definition, new Set(entries)]]),
    ),
    chains: new Map([...state.iptables].map(([family, { chains }]) => [family, new Map(chains)])),
    jumps: new Map([...state.iptables].map(([family, { jumps }]) => [family, new Set(jumps)])),
    addresses: new Set(state.link?.addresses),
    sysctls: new Map(state.sysctls),
    healthChecks: new Map(state.healthChecks),
  }
}

function assertSameState(actual: KernelState, expected: KernelState): void {
  assert.deepEqual(picture(actual), picture(expected))
  assert.deepEqual(diff(actual, expected), [])
}

/** Within a step of the order, changes have no order of their own. */
function sorted(changes: readonly Change[]): string[] {
  return changes.map((change) => inspect(change, { depth: 10 })).sort()
}

test('the change set of an applied state is empty', () => {
  fc.assert(
    fc.property(desired, (wanted) => {
      const state = plan(wanted, facts)
      assert.deepEqual(diff(apply(emptyState(), diff(emptyState(), state)), state), [])
      assert.deepEqual(diff(state, frozen(state)), [])
    }),
    runs,
  )
})

test('applying the difference of two states to the first gives the second', () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      const [from, to] = [plan(before, facts), plan(after, facts)]
      const reached = apply(from, diff(from, to))
      assertSameState(reached, to)
    }),
    runs,
  )
})

test('taking a state away leaves nothing but settings', () => {
  fc.assert(
    fc.property(desired, (wanted) => {
      const state = plan(wanted, facts)
      const rest = apply(state, diff(state, emptyState()))
      assert.deepEqual({ ...rest, sysctls: new Map() }, { ...apply(emptyState(), []) })
    }),
    runs,
  )
})

test('the order of inputs does not matter', () => {
  const pair = desired.chain((wanted) =>
    fc.tuple(
      fc.constant(wanted),
      fc.record({
        services: fc.shuffledSubarray([...wanted.services], { minLength: wanted.services.length }),
        endpointSlices: fc.shuffledSubarray([...wanted.endpointSlices], {
          minLength: wanted.endpointSlices.length,
        }),
        virtualServices: fc.shuffledSubarray([...wanted.virtualServices], {
          minLength: wanted.virtualServices.length,
        }),
      }),
    ),
  )
  fc.assert(
    fc.property(pair, ([wanted, shuffled]) => {
      assert.deepEqual(frozen(plan(wanted, facts)), frozen(plan(shuffled, facts)))
    }),
    runs,
  )
})

type Step =
  | { kind: 'service'; object: NonNullable<DesiredState['services']>[number] }
  | { kind: 'slice'; object: NonNullable<DesiredState['endpointSlices']>[number] }
  | { kind: 'virtual'; object: NonNullable<DesiredState['virtualServices']>[number] }
  | { kind: 'remove-service' | 'remove-slice' | 'remove-virtual'; name: string }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: service.map((object) => ({ kind: 'service' as const, object })) },
  { weight: 6, arbitrary: slice.map((object) => ({ kind: 'slice' as const, object })) },
  { weight: 1, arbitrary: virtualService.map((object) => ({ kind: 'virtual' as const, object })) },
  fc.constantFrom('a', 'b', 'c', 'd').map((name) => ({ kind: 'remove-service' as const, name })),
  fc.constantFrom('s1', 's2', 's3', 's4').map((name) => ({ kind: 'remove-slice' as const, name })),
  fc.constantFrom('v1', 'v2').map((name) => ({ kind: 'remove-virtual' as const, name })),
)

/** The same steps for a planner and for the plain lists that a full plan takes. */
class Model {
  readonly #services = new Map<string, NonNullable<DesiredState['services']>[number]>()
  readonly #slices = new Map<string, NonNullable<DesiredState['endpointSlices']>[number]>()
  readonly #virtual = new Map<string, NonNullable<DesiredState['virtualServices']>[number]>()

  take(one: Step, planner: Planner): void {
    if (one.kind === 'service') {
      planner.upsertService(one.object)
      this.#services.set(one.object.metadata?.name ?? '', one.object)
    } else if (one.kind === 'slice') {
      planner.upsertEndpointSlice(one.object)
      this.#slices.set(one.object.metadata?.name ?? '', one.object)
    } else if (one.kind === 'virtual') {
      planner.upsertVirtualService(one.object)
      this.#virtual.set(one.object.name ?? '', one.object)
    } else if (one.kind === 'remove-service') {
      planner.removeService(one.name)
      this.#services.delete(one.name)
    } else if (one.kind === 'remove-slice') {
      planner.removeEndpointSlice(one.name)
      this.#slices.delete(one.name)
    } else {
      planner.removeVirtualService(one.name)
      this.#virtual.delete(one.name)
    }
  }

  get desired(): DesiredState {
    return {
      services: [...this.#services.values()],
      endpointSlices: [...this.#slices.values()],
      virtualServices: [...this.#virtual.values()],
    }
  }
}

test('a plan kept up to date step by step is the plan made from scratch, and its scopes miss nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (sequence) => {
      const planner = new Planner(facts)
      const model = new Model()
      planner.takeScope()
      let kernel = frozen(planner.state)
      for (const one of sequence) {
        model.take(one, planner)
        const changes = diff(kernel, planner.state, planner.takeScope())
        assert.deepEqual(
          sorted(changes),
          sorted(diff(kernel, planner.state)),
          'the touched parts hold every change',
        )
        kernel = apply(kernel, changes)
      }
      const full = plan(model.desired, facts)
      assert.deepEqual(frozen(planner.state), frozen(full))
      assertSameState(kernel, full)
    }),
    runs,
  )
})

test('several steps between two looks come to one difference', () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 6 }), (batches) => {
      const planner = new Planner(facts)
      const model = new Model()
      planner.takeScope()
      let kernel = frozen(planner.state)
      for (const batch of batches) {
        for (const one of batch) model.take(one, planner)
        kernel = apply(kernel, diff(kernel, planner.state, planner.takeScope()))
      }
      assertSameState(kernel, plan(model.desired, facts))
    }),
    runs,
  )
})
