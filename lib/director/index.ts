/** What the package shows of the director. */
export { apply } from './apply.js'
export {
  type AddServiceChange,
  type Change,
  type ChangeType,
  describeChange,
  type ServerChange,
} from './changes.js'
export { diff } from './diff.js'
export type { InterfaceAddress, NodeFacts, NodeView } from './facts.js'
export type {
  KubernetesEndpoint,
  KubernetesEndpointPort,
  KubernetesEndpointSlice,
  KubernetesIngress,
  KubernetesMetadata,
  KubernetesService,
  KubernetesServicePort,
  KubernetesServiceSpec,
  Maybe,
} from './kubernetes.js'
export type { DirectorOptions, DirectorTimeouts, LocalTraffic, ResolvedOptions } from './options.js'
export { groupBySteps, orderChanges, type Step, steps } from './order.js'
export { type DesiredState, plan } from './plan.js'
export type { ChangeFailure, ConnectionCounts, DataPlane, PlaneFacts } from './data-plane.js'
export { Director, type DirectorPlan, type DirectorSettings } from './director.js'
export type { DrainingServer } from './drain.js'
export type { DirectorEvents, DriftEvent, FailedEvent, ProgrammedEvent, SyncedEvent } from './events.js'
export { KernelPlane, type KernelPlaneOptions } from './plane/kernel-plane.js'
export type { Pass } from './reconciler.js'
export type { Failure } from './retries.js'
export type { DirectorStatus } from './status.js'
export { DirectorMetrics } from './metrics/director-metrics.js'
export { exposition, expositionType, type Metric, type Sample } from './metrics/exposition.js'
export type { WishCounts } from './metrics/wish-counter.js'
export type { TrafficPolicy } from './fragment.js'
export { type ObjectReference, Planner } from './planner.js'
export type { Scope } from './scope.js'
export type { SetDefinition, SetRole, SetType } from './sets.js'
export {
  emptyState,
  type HealthCheckState,
  type KernelState,
  type LinkState,
  serviceKeyText,
  type SetState,
  type VirtualServerState,
} from './state.js'
export { annotations } from './tuning.js'
export type { VirtualService, VirtualServiceOptions } from './virtual-service.js'
