/** The pure function at the heart: what is wanted, and a node, give the state that its kernel should have. */
import type { NodeFacts } from './facts.js'
import type { KubernetesEndpointSlice, KubernetesService } from '../input/kubernetes.js'
import type { DirectorOptions } from '../options.js'
import { Planner } from './planner.js'
import type { KernelState } from '../state/state.js'
import type { VirtualService } from '../input/virtual-service.js'

/** Everything that is wanted. The order of the lists does not matter. */
export interface DesiredState {
  readonly services?: readonly KubernetesService[]
  readonly endpointSlices?: readonly KubernetesEndpointSlice[]
  readonly virtualServices?: readonly VirtualService[]
}

/** @throws InvalidArgumentError naming the first field that makes no sense */
export function plan(desired: DesiredState, facts: NodeFacts, options: DirectorOptions = {}): KernelState {
  const planner = new Planner(facts, options)
  // Slices first: each service is then compiled once.
  for (const slice of desired.endpointSlices ?? []) planner.upsertEndpointSlice(slice)
  for (const service of desired.services ?? []) planner.upsertService(service)
  for (const service of desired.virtualServices ?? []) planner.upsertVirtualService(service)
  return planner.state
}
