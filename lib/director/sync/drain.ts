/**
 * Graceful termination of real servers, as a pure state machine: no clock, no kernel. A TCP server that is no longer
 * wanted gets weight 0, so that it takes no new connections, and is removed when it has none left or its time is up.
 * UDP and SCTP servers are removed at once.
 *
 *     wanted ──not wanted, TCP, connections──► draining ──none left, or time up──► removed
 *        ▲                                        │
 *        └──────────── wanted again ──────────────┘
 */
import type { Server, ServerState, ServiceKey } from '../../ipvs/types.js'
import type { Change, ServerChange } from '../state/changes.js'

export interface DrainingServer {
  readonly key: string
  readonly service: ServiceKey
  readonly serverKey: string
  readonly server: Server
  /** Milliseconds of the caller's clock. */
  readonly since: number
  /** `Infinity`: no bound. */
  readonly deadline: number
}

/** What the kernel says about a server now; `undefined`: it is gone. */
export type Connections = Pick<ServerState, 'activeConnections' | 'inactiveConnections'> | undefined

export class Drains {
  readonly #servers = new Map<string, DrainingServer>()

  get size(): number {
    return this.#servers.size
  }

  list(): DrainingServer[] {
    return [...this.#servers.values()]
  }

  has(key: string, serverKey: string): boolean {
    return this.#servers.has(drainKey(key, serverKey))
  }

  /**
   * Replaces removals of TCP servers by weight 0, and forgets servers whose service goes or that are wanted again.
   * `timeoutOf` gives a service's bound in seconds.
   */
  begin(changes: readonly Change[], now: number, timeoutOf: (key: string) => number): Change[] {
    const result: Change[] = []
    for (const change of changes) {
      if (change.type === 'removeService') this.#forgetService(change.key)
      const replaced = isServerChange(change) ? this.#beginServer(change, now, timeoutOf) : change
      if (replaced !== undefined) result.push(replaced)
    }
    return result
  }

  /** Servers that may go now: idle, gone already, or out of time. They are forgotten; put back what cannot be removed. */
  finish(now: number, connectionsOf: (server: DrainingServer) => Connections): ServerChange[] {
    const changes: ServerChange[] = []
    for (const [id, draining] of this.#servers) {
      const connections = connectionsOf(draining)
      const busy =
        connections !== undefined && connections.activeConnections + connections.inactiveConnections > 0
      if (busy && now < draining.deadline) continue
      this.#servers.delete(id)
      if (connections === undefined) continue
      const { key, service, serverKey, server } = draining
      changes.push({ type: 'removeServer', key, service, serverKey, server })
    }
    return changes
  }

  /** Puts a server back whose removal failed, or that a former life of the director began to drain. */
  resume(draining: DrainingServer): void {
    this.#servers.set(drainKey(draining.key, draining.serverKey), draining)
  }

  forget(key: string, serverKey: string): void {
    this.#servers.delete(drainKey(key, serverKey))
  }

  #beginServer(change: ServerChange, now: number, timeoutOf: (key: string) => number): Change | undefined {
    // The usual case on a cold start, a hundred thousand times.
    if (change.type !== 'removeServer' && this.#servers.size === 0) return change
    const id = drainKey(change.key, change.serverKey)
    if (change.type !== 'removeServer') {
      const wasDraining = this.#servers.delete(id)
      // It is still in the kernel with weight 0: adding it again would be refused.
      return wasDraining && change.type === 'addServer' ? { ...change, type: 'updateServer' } : change
    }
    if (!('protocol' in change.service) || change.service.protocol !== 'tcp') return change
    if (this.#servers.has(id)) return undefined
    const seconds = timeoutOf(change.key)
    if (seconds === 0) return change
    const { key, service, serverKey, server } = change
    this.#servers.set(id, { key, service, serverKey, server, since: now, deadline: now + seconds * 1000 })
    // Already at weight 0: a former life of the director set it, or somebody else who wants the same.
    return server.weight === 0
      ? undefined
      : { ...change, type: 'updateServer', server: { ...server, weight: 0 } }
  }

  #forgetService(key: string): void {
    for (const [id, draining] of this.#servers) if (draining.key === key) this.#servers.delete(id)
  }
}

function isServerChange(change: Change): change is ServerChange {
  return change.type === 'addServer' || change.type === 'updateServer' || change.type === 'removeServer'
}

function drainKey(key: string, serverKey: string): string {
  return `${key} ${serverKey}`
}
