/**
 * The order in which changes are made, so that no packet meets half a service. docs/director-order.md gives the reasons,
 * step by step, under the same names.
 */
import type { Change } from './changes.js'
import { atOnce, paced, type Steps } from '../../turns.js'

/** First to last. Everything that makes traffic possible comes before everything that takes something away. */
export const steps = [
  'close-health-checks',
  'sysctls',
  'create-sets',
  'link',
  'add-entries',
  'enforce-entries',
  'rules',
  'services',
  'servers',
  'addresses',
  'open-health-checks',
  'unbind',
  'remove-services',
  'remove-servers',
  'clean-flows',
  'release-entries',
  'remove-entries',
  'remaining-rules',
  'destroy',
] as const

export type Step = (typeof steps)[number]

export interface StepChanges {
  readonly step: Step
  readonly changes: Change[]
}

/** Sorted by step; within a step the order in which they came is kept. */
export function orderChanges(changes: readonly Change[]): Change[] {
  return groupBySteps(changes).flatMap((group) => group.changes)
}

/** The changes by step, steps without changes left out. */
export function groupBySteps(changes: readonly Change[]): StepChanges[] {
  return atOnce(grouping(changes))
}

/** The same in steps of the other kind: with pauses. */
export function* grouping(changes: readonly Change[]): Steps<StepChanges[]> {
  const context = { grows: changes.some(makesTrafficPossible) }
  const groups = new Map<Step, Change[]>()
  yield* paced(changes, (change) => {
    const step = stepOf(change, context)
    const group = groups.get(step)
    if (group === undefined) groups.set(step, [change])
    else group.push(change)
  })
  return steps.flatMap((step) => {
    const group = groups.get(step)
    return group === undefined ? [] : [{ step, changes: group }]
  })
}

export function makesTrafficPossible({ type }: Change): boolean {
  return type === 'addEntry' || type === 'addService' || type === 'createSet'
}

function stepOf(change: Change, { grows }: { readonly grows: boolean }): Step {
  switch (change.type) {
    case 'setSysctl':
    case 'setTimeouts':
      return 'sysctls'
    case 'createSet':
    case 'growSet':
      return 'create-sets'
    case 'createLink':
      return 'link'
    case 'addEntry':
      return enforces(change.set) ? 'enforce-entries' : 'add-entries'
    case 'removeEntry':
      return enforces(change.set) ? 'release-entries' : 'remove-entries'
    case 'writeRules':
      return grows && change.isLast !== true ? 'rules' : 'remaining-rules'
    case 'addService':
    case 'updateService':
      return 'services'
    case 'addServer':
    case 'updateServer':
      return 'servers'
    case 'addAddress':
      return 'addresses'
    case 'removeAddress':
      return 'unbind'
    case 'removeService':
      return 'remove-services'
    case 'removeServer':
      return 'remove-servers'
    case 'cleanFlows':
      return 'clean-flows'
    case 'openHealthCheck':
      return 'open-health-checks'
    case 'updateHealthCheck':
      return change.check.localEndpoints === 0 ? 'close-health-checks' : 'open-health-checks'
    case 'closeHealthCheck':
      return 'close-health-checks'
    case 'destroySet':
    case 'removeLink':
      return 'destroy'
  }
}

/** Sets whose entries refuse traffic, unless another set lets it pass: those others must be there first, and last. */
function enforces(set: string): boolean {
  return set.endsWith('LOAD-BALANCER-FW') || set.endsWith('IPVS-IPS')
}
