/** What a director tells those who listen. */
import type { UnsupportedFeatureError } from '../errors.js'
import type { Family } from '../ipvs/types.js'
import type { Change, ServerChange } from './state/changes.js'
import type { FlowsCleaned } from './sync/data-plane.js'
import type { DrainingServer } from './sync/drain.js'

export interface SyncedEvent {
  /** Changes that were made. */
  readonly changes: number
  readonly failed: number
  /** Whether everything was read and compared. */
  readonly full: boolean
  readonly durationMs: number
}

export interface DriftEvent {
  /** What it took to repair what others had changed. */
  readonly changes: readonly Change[]
}

export interface FailedEvent {
  readonly error: Error
  /** What failed; absent where a pass failed as a whole. */
  readonly change?: Change
  /** Services that wanted it. */
  readonly owners: readonly string[]
  readonly attempts: number
}

export interface UnavailableEvent {
  /** Asked for, and not served by this node. The other family is. */
  readonly family: Family
  readonly reason: string
}

export interface MissingEvent {
  /** Names the feature, why it is not there, and what gets it. */
  readonly error: UnsupportedFeatureError
  /** Services that do without; empty where all of them do. The others are programmed. */
  readonly owners: readonly string[]
}

export interface ProgrammedEvent {
  /** `namespace/name`, or the name of a plain service. */
  readonly service: string
  /** From the moment when the director was told to the moment when the kernel had it. */
  readonly latencyMs: number
}

/** Events by name, with their arguments. */
export interface DirectorEvents {
  synced: [SyncedEvent]
  drift: [DriftEvent]
  draining: [DrainingServer]
  /** A draining server was removed. */
  drained: [ServerChange]
  /** Conntrack forgot flows to servers that a UDP service does not have, or found none. */
  flowsCleaned: [FlowsCleaned]
  failed: [FailedEvent]
  unavailable: [UnavailableEvent]
  missing: [MissingEvent]
  endpointProgrammed: [ProgrammedEvent]
}
