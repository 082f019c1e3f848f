/** Which endpoints serve a service port: readiness, traffic policies and topology, as kube-proxy decides them. */
import type { Family } from '../../ipvs/types.js'
import type { NodeView } from './facts.js'
import type { PortSpec } from '../input/service-spec.js'
import type { EndpointSpec, SliceSpec } from '../input/slice-spec.js'

/** An endpoint with the port number that its slice gives to the service's port. */
export interface Target {
  readonly key: string
  readonly endpoint: EndpointSpec
  readonly port: number
}

export interface Selection {
  /** Endpoints of any node: the ready ones that topology allows, or else those that still serve while they end. */
  readonly cluster: readonly Target[]
  /** The same on this node, whatever topology says. */
  readonly local: readonly Target[]
  /** Every endpoint of this node, in whatever condition: these may talk to themselves through the service. */
  readonly onThisNode: readonly Target[]
}

export function selectEndpoints(
  port: PortSpec,
  family: Family,
  slices: readonly SliceSpec[],
  node: NodeView,
): Selection {
  const all = targetsOf(port, family, slices)
  const onThisNode = all.filter(({ endpoint }) => endpoint.nodeName === node.name)
  return {
    cluster: orEnding(allowedByTopology(readyOnes(all), node), all),
    local: orEnding(readyOnes(onThisNode), onThisNode),
    onThisNode,
  }
}

/** The list itself, where all are: nearly always. */
function readyOnes(targets: readonly Target[]): readonly Target[] {
  return targets.every(({ endpoint }) => endpoint.condition.ready)
    ? targets
    : targets.filter(({ endpoint }) => endpoint.condition.ready)
}

/** An endpoint that several slices name counts once; where they differ, the one that is ready is believed. */
function targetsOf(port: PortSpec, family: Family, slices: readonly SliceSpec[]): Target[] {
  const found = new Map<string, Target>()
  for (const slice of slices) {
    if (slice.family !== family) continue
    const match = slice.ports.find(({ name, protocol }) => name === port.name && protocol === port.protocol)
    if (match === undefined) continue
    // As formatEndpoint() has it.
    const [before, behind] = slice.family === 'inet' ? ['', `:${match.port}`] : ['[', `]:${match.port}`]
    for (const endpoint of slice.endpoints) {
      const key = `${before}${endpoint.address}${behind}`
      const known = found.get(key)
      if (known === undefined || (!known.endpoint.condition.ready && endpoint.condition.ready)) {
        found.set(key, { key, endpoint, port: match.port })
      }
    }
  }
  return [...found.values()]
}

function orEnding(ready: readonly Target[], all: readonly Target[]): readonly Target[] {
  return ready.length > 0
    ? ready
    : all.filter(({ endpoint }) => endpoint.condition.serving && endpoint.condition.terminating)
}

/** Hints count only where every ready endpoint has them and one of them means this node: nodes before zones. */
function allowedByTopology(ready: readonly Target[], node: NodeView): readonly Target[] {
  if (ready.every(({ endpoint }) => endpoint.hints?.nodes !== undefined)) {
    const near = ready.filter(({ endpoint }) => endpoint.hints?.nodes?.includes(node.name) === true)
    if (near.length > 0) return near
  }
  const { zone } = node
  if (zone !== undefined && ready.every(({ endpoint }) => endpoint.hints?.zones !== undefined)) {
    const near = ready.filter(({ endpoint }) => endpoint.hints?.zones?.includes(zone) === true)
    if (near.length > 0) return near
  }
  return ready
}
