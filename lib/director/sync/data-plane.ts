/**
 * What the director needs of whatever forwards the packets. `KernelPlane` realises it with IPVS, IP sets, iptables and a
 * dummy link; tests realise it in memory, and another plane may forward the same state in another way.
 */
import type { UnsupportedFeatureError } from '../../errors.js'
import type { IpvsStatistics } from '../../ipvs/statistics.js'
import type { Family, ServerState } from '../../ipvs/types.js'
import type { Change } from '../state/changes.js'
import type { DrainingServer } from './drain.js'
import type { InterfaceAddress } from '../plan/facts.js'
import type { KernelState } from '../state/state.js'

/** What the plane can tell about the node it runs on. */
export interface PlaneFacts {
  readonly addresses: readonly InterfaceAddress[]
  readonly kernelRelease: string
  readonly processors?: number
  readonly iptablesRandomFully?: boolean
  /** The node's own address per family, where the plane can tell. */
  readonly primary?: Partial<Record<Family, string>>
  /** Why the plane cannot serve a family. */
  readonly unavailable?: Partial<Record<Family, string>>
}

/** What the plane cannot do on this machine, and what to do about it. */
export interface MissingFeature {
  readonly error: UnsupportedFeatureError
  /** Only services with this scheduler do without. */
  readonly scheduler?: string
}

export interface ChangeFailure {
  readonly change: Change
  readonly error: Error
  /** Another change that failed, whose error it has: this one was not tried without it. */
  readonly waitsFor?: Change
}

/** Conntrack was walked for stale flows of UDP services, and what was found deleted. */
export interface FlowsCleaned {
  /** Flows that were deleted. */
  readonly deleted: number
  readonly durationMs: number
}

/** Connections of draining servers, by service key and server key joined with a blank; servers that are gone are missing. */
export type ConnectionCounts = ReadonlyMap<
  string,
  Pick<ServerState, 'activeConnections' | 'inactiveConnections'>
>

export interface DataPlane {
  facts(): Promise<PlaneFacts>
  /**
   * What this machine lacks of what the plan needs; changes nothing. Asked before the first pass, and again by each look at
   * everything while something is missing. @throws `ERR_UNSUPPORTED_FEATURE` where nothing can be programmed
   */
  missing?(planned: KernelState): Promise<readonly MissingFeature[]>
  /** Everything that could be ours. `planned` says which sets, chains and settings to look at. */
  observe(planned: KernelState): Promise<KernelState>
  /**
   * Makes changes of one step, in order. What fails does not keep the others from being made, and is reported. Rejects
   * only where nothing could be tried at all. Two calls may be under way at a time: services, and addresses of others.
   */
  make(changes: readonly Change[], planned: KernelState): Promise<ChangeFailure[]>
  connections(servers: readonly DrainingServer[]): Promise<ConnectionCounts>
  /** What all services did together, where the plane counts it. */
  statistics?(): Promise<IpvsStatistics>
  /** Health checks say no while this says no. Called once, before anything else. */
  watchHealth?(isHealthy: () => boolean): void
  /** Told after each cleaning of flows. Called once, before anything else. */
  watchFlows?(onCleaned: (event: FlowsCleaned) => void): void
  /** Gives back what the plane holds of this process (sockets of health checks), not what it made in the kernel. */
  close(): Promise<void>
}
