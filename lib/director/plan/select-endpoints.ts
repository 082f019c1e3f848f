/** Which endpoints serve a service port: readiness, traffic policies and topology, as kube-proxy decides them. */
import type { Family } from '../../ipvs/types.js'
import type { NodeView } from './facts.js'
import type { PortSpec } from '../input/service-spec.js'
import type { EndpointSpec, SliceSpec } from '../input/slice-spec.js'

/** Endpoints of one slice, with the number that it gives to the service's port. What several slices name is in several. */
export interface Targets {
  readonly port: number
  readonly endpoints: readonly EndpointSpec[]
}

export interface Selection {
  /** Endpoints of any node: the ready ones that topology allows, or else those that still serve while they end. */
  readonly cluster: readonly Targets[]
  /** The same on this node, whatever topology says. */
  readonly local: readonly Targets[]
  /** Every endpoint of this node, in whatever condition: these may talk to themselves through the service. */
  readonly onThisNode: readonly Targets[]
}

export function selectEndpoints(
  port: PortSpec,
  family: Family,
  slices: readonly SliceSpec[],
  node: NodeView,
): Selection {
  const all = targetsOf(port, family, slices)
  const onThisNode = among(all, ({ nodeName }) => nodeName === node.name)
  return {
    cluster: orEnding(allowedByTopology(among(all, isReady), node), all),
    local: orEnding(among(onThisNode, isReady), onThisNode),
    onThisNode,
  }
}

export function hasEndpoints(targets: readonly Targets[]): boolean {
  return targets.some(({ endpoints }) => endpoints.length > 0)
}

function targetsOf(port: PortSpec, family: Family, slices: readonly SliceSpec[]): Targets[] {
  const found: Targets[] = []
  for (const slice of slices) {
    if (slice.family !== family) continue
    const match = slice.ports.find(({ name, protocol }) => name === port.name && protocol === port.protocol)
    if (match !== undefined) found.push({ port: match.port, endpoints: slice.endpoints })
  }
  return found
}

type Test = (endpoint: EndpointSpec) => boolean

const isReady: Test = ({ condition }) => condition.ready
const stillServes: Test = ({ condition }) => condition.serving && condition.terminating

/** The list itself, where all of them pass: nearly always. */
function among(targets: readonly Targets[], test: Test): readonly Targets[] {
  if (allPass(targets, test)) return targets
  return targets.map(({ port, endpoints }) => ({ port, endpoints: endpoints.filter(test) }))
}

function allPass(targets: readonly Targets[], test: Test): boolean {
  return targets.every(({ endpoints }) => endpoints.every(test))
}

function orEnding(ready: readonly Targets[], either: readonly Targets[]): readonly Targets[] {
  return hasEndpoints(ready) ? ready : among(either, stillServes)
}

/** Hints count only where every ready endpoint has them and one of them means this node: nodes before zones. */
function allowedByTopology(ready: readonly Targets[], node: NodeView): readonly Targets[] {
  if (allPass(ready, ({ hints }) => hints?.nodes !== undefined)) {
    const near = among(ready, ({ hints }) => hints?.nodes?.includes(node.name) === true)
    if (hasEndpoints(near)) return near
  }
  const { zone } = node
  if (zone !== undefined && allPass(ready, ({ hints }) => hints?.zones !== undefined)) {
    const near = among(ready, ({ hints }) => hints?.zones?.includes(zone) === true)
    if (hasEndpoints(near)) return near
  }
  return ready
}
