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
import { type Change, isServerChange, type ServerChange } from '../state/changes.js'

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
      const made = this.asMade(change, timeoutOf)
      if (made !== undefined) result.push(made)
      if (isServerChange(change)) this.#note(change, made, now, timeoutOf)
    }
    return result
  }

  /** What is made in the place of a change; `undefined`: nothing now. Begins nothing. */
  asMade(change: Change, timeoutOf: (key: string) => number): Change | undefined {
    // The usual case on a cold start, a hundred thousand times.
    if (!isServerChange(change) || (change.type !== 'removeServer' && this.#servers.size === 0)) return change
    if (change.type === 'removeServer') {
      if (!this.#drains(change, timeoutOf)) return change
      // Already at weight 0: we set it, now or in a former life, or somebody else who wants the same.
      const { server } = change
      return server.weight === 0
        ? undefined
        : { ...change, type: 'updateServer', server: { ...server, weight: 0 } }
    }
    // It is still in the kernel with weight 0: adding it again would be refused.
    const isThere = change.type === 'addServer' && this.has(change.key, change.serverKey)
    return isThere ? { ...change, type: 'updateServer' } : change
  }

  #drains({ key, service, serverKey }: ServerChange, timeoutOf: (key: string) => number): boolean {
    if (!('protocol' in service) || service.protocol !== 'tcp') return false
    return this.has(key, serverKey) || timeoutOf(key) > 0
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

  #note(
    change: ServerChange,
    made: Change | undefined,
    now: number,
    timeoutOf: (key: string) => number,
  ): void {
    const { key, service, serverKey, server } = change
    if (change.type !== 'removeServer') {
      if (this.#servers.size > 0) this.forget(key, serverKey)
    } else if (made !== change && !this.has(key, serverKey))
      this.resume({ key, service, serverKey, server, since: now, deadline: now + timeoutOf(key) * 1000 })
  }

  #forgetService(key: string): void {
    for (const [id, draining] of this.#servers) if (draining.key === key) this.#servers.delete(id)
  }
}

function drainKey(key: string, serverKey: string): string {
  return `${key} ${serverKey}`
}
