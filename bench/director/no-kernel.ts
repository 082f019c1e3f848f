/** A data plane that takes every change and does nothing: what a director costs by itself. */
import { release } from 'node:os'

import { emptyState, type KernelState } from '../../lib/director/state/state.js'
import type {
  ChangeFailure,
  ConnectionCounts,
  DataPlane,
  PlaneFacts,
} from '../../lib/director/sync/data-plane.js'
import type { DrainingServer } from '../../lib/director/sync/drain.js'

export class NoKernel implements DataPlane {
  async facts(): Promise<PlaneFacts> {
    return { kernelRelease: release(), addresses: [{ interface: 'eth0', address: '192.0.2.10' }] }
  }

  async observe(): Promise<KernelState> {
    return emptyState()
  }

  async make(): Promise<ChangeFailure[]> {
    return []
  }

  /** All of them are idle. */
  async connections(servers: readonly DrainingServer[]): Promise<ConnectionCounts> {
    const idle = { activeConnections: 0, inactiveConnections: 0 }
    return new Map(servers.map(({ key, serverKey }) => [`${key} ${serverKey}`, idle]))
  }

  async close(): Promise<void> {
    return undefined
  }
}
