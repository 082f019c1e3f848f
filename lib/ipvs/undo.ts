/**
 * Takes IPVS operations back. A small model of the touched services is filled from the kernel before the commit and
 * replayed with each operation that took effect, so that an inverse restores just what was there at that point. The model
 * keeps rows as they are: what the kernel held goes back also where the API would not say it (a mask with a hole, a
 * server on the director itself).
 *
 * What cannot come back: counters, the connection state that the kernel ties to a removed server, and that server's place
 * among the others (it is the newest now; those of a removed service come back in their order).
 */
import { native } from '../native.js'
import { littleEndian } from '../record.js'
import type { BatchRun, Inverse, UndoLog } from '../run.js'
import { inTurns, type Steps } from '../turns.js'
import { keyRowOf, type PriorService, type PriorState, rowParts } from './prior.js'
import { IpvsRun } from './run.js'

// From so many services on, reading the whole table is less work than asking for each.
const SNAPSHOT_FROM = 32

interface Model {
  service: Uint8Array
  /** From the oldest to the newest, as they would have to be added. */
  readonly servers: Map<string, Uint8Array>
}

export class IpvsUndoLog implements UndoLog {
  private readonly models = new Map<string, Model>()
  private readonly parts = rowParts()

  constructor(private readonly prior: PriorState) {}

  async capture(runs: readonly BatchRun[]): Promise<void> {
    const keys = await inTurns(this.touched(runs))
    if (keys.size === 0) return
    if (keys.size >= SNAPSHOT_FROM) {
      await inTurns(this.learnAll(await this.prior.all(), keys))
      return
    }
    for (const service of keys.values()) {
      const state = await this.prior.service(keyRowOf(service))
      if (state !== undefined) this.learn(state)
    }
  }

  inverse(run: BatchRun, index: number): Inverse {
    if (!(run instanceof IpvsRun)) throw new TypeError('not a run of IPVS operations')
    const service = this.parts.service(run.row(index))
    const server = this.parts.server(run.row(index))
    switch (run.name(index)) {
      case 'addService':
        return this.addedService(service)
      case 'updateService':
        return this.updatedService(service)
      case 'removeService':
        return this.removedService(service)
      case 'addServer':
        return this.addedServer(service, server)
      case 'updateServer':
        return this.updatedServer(service, server)
      case 'removeServer':
        return this.removedServer(service, server)
    }
  }

  /** Services of which the log must know what they were: those that something is changed in or removed from. */
  private *touched(runs: readonly BatchRun[]): Steps<Map<string, Uint8Array>> {
    const keys = new Map<string, Uint8Array>()
    for (const run of runs) {
      if (!(run instanceof IpvsRun)) continue
      for (let index = 0; index < run.size; index++) {
        yield
        const name = run.name(index)
        if (name === 'addService' || name === 'addServer') continue
        const service = this.parts.service(run.row(index))
        keys.set(this.parts.serviceId(service), service)
      }
    }
    return keys
  }

  private *learnAll(states: Iterable<PriorService>, wanted: ReadonlyMap<string, unknown>): Steps {
    for (const state of states) {
      yield
      if (wanted.has(this.parts.serviceId(state.service))) this.learn(state)
    }
  }

  // The kernel lists the newest server first, since it adds at the head.
  private learn({ service, servers }: PriorService): void {
    const oldestFirst = new Map<string, Uint8Array>()
    for (let index = servers.length - 1; index >= 0; index--) {
      const server = servers[index] as Uint8Array
      oldestFirst.set(this.parts.serverId(server), server)
    }
    this.models.set(this.parts.serviceId(service), { service: withoutHashed(service), servers: oldestFirst })
  }

  private model(service: Uint8Array): Model {
    const id = this.parts.serviceId(service)
    let model = this.models.get(id)
    if (model === undefined) this.models.set(id, (model = { service, servers: new Map() }))
    return model
  }

  private addedService(service: Uint8Array): Inverse {
    this.models.set(this.parts.serviceId(service), { service, servers: new Map() })
    return (undo) => undo.ipvsRow('removeService', service)
  }

  private updatedService(service: Uint8Array): Inverse {
    const model = this.model(service)
    const before = model.service
    model.service = service
    return (undo) => undo.ipvsRow('updateService', before)
  }

  private removedService(key: Uint8Array): Inverse {
    const { service, servers } = this.model(key)
    this.models.delete(this.parts.serviceId(key))
    const before = [...servers.values()]
    return function* (undo) {
      undo.ipvsRow('addService', service)
      for (const server of before) {
        yield
        undo.ipvsRow('addServer', service, server)
      }
    }
  }

  private addedServer(service: Uint8Array, server: Uint8Array): Inverse {
    this.model(service).servers.set(this.parts.serverId(server), server)
    return (undo) => undo.ipvsRow('removeServer', service, server)
  }

  private updatedServer(service: Uint8Array, server: Uint8Array): Inverse {
    const { servers } = this.model(service)
    const id = this.parts.serverId(server)
    const before = servers.get(id) ?? server
    servers.set(id, server)
    return (undo) => undo.ipvsRow('updateServer', service, before)
  }

  private removedServer(service: Uint8Array, server: Uint8Array): Inverse {
    const { servers } = this.model(service)
    const id = this.parts.serverId(server)
    const before = servers.get(id) ?? server
    servers.delete(id)
    return (undo) => undo.ipvsRow('addServer', service, before)
  }
}

/** The kernel reports with the flags that the service is in its table; to a new one it must not be said. */
function withoutHashed(service: Uint8Array): Uint8Array {
  const { serviceRow, constants } = native().ipvs
  const copy = service.slice()
  const view = new DataView(copy.buffer)
  const { offset } = serviceRow.fields.flags
  view.setUint32(offset, view.getUint32(offset, littleEndian) & ~constants.hashed, littleEndian)
  return copy
}
