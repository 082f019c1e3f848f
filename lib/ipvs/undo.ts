/**
 * Takes IPVS operations back. A small model of the touched services is filled from the kernel before the commit and
 * replayed with each operation that took effect, so that an inverse restores just what was there at that point.
 *
 * What cannot come back: counters, and the connection state that the kernel ties to a removed server.
 */
import type { BatchRun, Inverse, UndoLog } from '../run.js'
import { inTurns, type Steps } from '../turns.js'
import { IpvsRun } from './run.js'
import {
  isFwmarkKey,
  type Server,
  type ServerKey,
  type Service,
  type ServiceKey,
  type ServiceWithServers,
} from './types.js'

/** Reads the kernel for the log. */
export interface PriorState {
  service(key: ServiceKey): Promise<ServiceWithServers | undefined>
  all(): Promise<Iterable<ServiceWithServers>>
}

// From so many services on, reading the whole table is less work than asking for each.
const SNAPSHOT_FROM = 32

interface Model {
  service: Service
  readonly servers: Map<string, Server>
}

export class IpvsUndoLog implements UndoLog {
  private readonly models = new Map<string, Model>()

  constructor(private readonly prior: PriorState) {}

  async capture(runs: readonly BatchRun[]): Promise<void> {
    const keys = await inTurns(touchedKeys(runs))
    if (keys.size === 0) return
    if (keys.size >= SNAPSHOT_FROM) {
      await inTurns(this.learnAll(await this.prior.all(), keys))
      return
    }
    for (const key of keys.values()) {
      const state = await this.prior.service(key)
      if (state !== undefined) this.learn(state)
    }
  }

  inverse(run: BatchRun, index: number): Inverse {
    if (!(run instanceof IpvsRun)) throw new TypeError('not a run of IPVS operations')
    const key = run.key(index)
    switch (run.name(index)) {
      case 'addService':
        return this.addedService(run.service(index))
      case 'updateService':
        return this.updatedService(run.service(index))
      case 'removeService':
        return this.removedService(key)
      case 'addServer':
        return this.addedServer(key, run.server(index))
      case 'updateServer':
        return this.updatedServer(key, run.server(index))
      case 'removeServer':
        return this.removedServer(key, run.server(index))
    }
  }

  private *learnAll(states: Iterable<ServiceWithServers>, wanted: ReadonlyMap<string, ServiceKey>): Steps {
    for (const state of states) {
      yield
      if (wanted.has(serviceId(state))) this.learn(state)
    }
  }

  private learn(state: ServiceWithServers): void {
    const servers = new Map(state.servers.map((server) => [serverId(server), server as Server]))
    this.models.set(serviceId(state), { service: state, servers })
  }

  private model(key: ServiceKey): Model {
    const id = serviceId(key)
    let model = this.models.get(id)
    if (model === undefined) this.models.set(id, (model = { service: key, servers: new Map() }))
    return model
  }

  private addedService(service: Service): Inverse {
    this.models.set(serviceId(service), { service, servers: new Map() })
    return (undo) => void undo.removeService(service)
  }

  private updatedService(service: Service): Inverse {
    const model = this.model(service)
    const before = model.service
    model.service = service
    return (undo) => void undo.updateService(before)
  }

  private removedService(key: ServiceKey): Inverse {
    const { service, servers } = this.model(key)
    this.models.delete(serviceId(key))
    const before = [...servers.values()]
    return (undo) => {
      undo.addService(service)
      for (const server of before) undo.addServer(service, server)
    }
  }

  private addedServer(key: ServiceKey, server: Server): Inverse {
    this.model(key).servers.set(serverId(server), server)
    return (undo) => void undo.removeServer(key, server)
  }

  private updatedServer(key: ServiceKey, server: Server): Inverse {
    const { servers } = this.model(key)
    const before = servers.get(serverId(server))
    servers.set(serverId(server), server)
    return (undo) => void undo.updateServer(key, before ?? server)
  }

  private removedServer(key: ServiceKey, server: Server): Inverse {
    const { servers } = this.model(key)
    const before = servers.get(serverId(server))
    servers.delete(serverId(server))
    return (undo) => void undo.addServer(key, before ?? server)
  }
}

/** Services of which the log must know what they were: those that something is changed in or removed from. */
function* touchedKeys(runs: readonly BatchRun[]): Steps<Map<string, ServiceKey>> {
  const keys = new Map<string, ServiceKey>()
  for (const run of runs) {
    if (!(run instanceof IpvsRun)) continue
    for (let index = 0; index < run.size; index++) {
      yield
      const name = run.name(index)
      if (name === 'addService' || name === 'addServer') continue
      const key = run.key(index)
      keys.set(serviceId(key), key)
    }
  }
  return keys
}

/** One text for one service, for keys of maps. Addresses must be canonical, as rows give them. */
export function serviceId(key: ServiceKey): string {
  return isFwmarkKey(key)
    ? `fwmark/${key.family}/${key.fwmark}`
    : `${key.protocol}/${key.address}/${key.port}`
}

export function serverId(server: ServerKey): string {
  return `${server.address}/${server.port}`
}
