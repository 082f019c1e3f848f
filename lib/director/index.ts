/** What the package shows of the director. */
export { apply } from './state/apply.js'
export {
  type AddServiceChange,
  type Change,
  type ChangeType,
  describeChange,
  type ServerChange,
} from './state/changes.js'
export { diff } from './state/diff.js'
export type { InterfaceAddress, NodeFacts, NodeView } from './plan/facts.js'
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
} from './input/kubernetes.js'
export type {
  DirectorConntrack,
  DirectorOptions,
  DirectorTimeouts,
  LocalTraffic,
  ResolvedOptions,
} from './options.js'
export { singleChanges } from './state/single-changes.js'
export { groupBySteps, orderChanges, type Step, steps } from './state/order.js'
export { type DesiredState, plan } from './plan/plan.js'
export type {
  ChangeFailure,
  ConnectionCounts,
  DataPlane,
  FlowsCleaned,
  MissingFeature,
  PlaneFacts,
} from './sync/data-plane.js'
export { Director, type DirectorPlan, type DirectorSettings } from './director.js'
export type { DirectorHealth } from './health.js'
export type { DrainingServer } from './sync/drain.js'
export type {
  DirectorEvents,
  DriftEvent,
  FailedEvent,
  MissingEvent,
  ProgrammedEvent,
  SyncedEvent,
  UnavailableEvent,
} from './events.js'
export { KernelPlane, type KernelPlaneOptions } from './plane/kernel-plane.js'
export type { Pass } from './sync/reconciler.js'
export type { Failure } from './sync/retries.js'
export type { DirectorStatus } from './status.js'
export { DirectorMetrics } from './metrics/director-metrics.js'
export { exposition, expositionType, type Metric, type Sample } from './metrics/exposition.js'
export type { WishCounts } from './metrics/wish-counter.js'
export type { TrafficPolicy } from './plan/fragment.js'
export { type ObjectReference, Planner } from './plan/planner.js'
export type { Scope } from './state/scope.js'
export type { SetDefinition, SetRole, SetType } from './state/sets.js'
export {
  emptyState,
  type HealthCheckState,
  type KernelState,
  type LinkState,
  serviceKeyText,
  type SetState,
  type VirtualServerState,
} from './state/state.js'
export { annotations } from './input/tuning.js'
export type { VirtualService, VirtualServiceOptions } from './input/virtual-service.js'
