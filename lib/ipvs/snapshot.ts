/** The whole table as it was read once: rows in a few buffers, objects when somebody looks. */
import type { Steps } from '../turns.js'
import { rowReader, type ServerConfiguration, type ServiceConfiguration } from './rows.js'
import type { ServiceWithServers } from './types.js'

export type ConfiguredService = ServiceConfiguration & { readonly servers: readonly ServerConfiguration[] }

export interface SnapshotBuffers {
  readonly services: ArrayBuffer
  readonly servers: readonly ArrayBuffer[]
}

/**
 * Iterating (or `services`) gives each service with its servers. IPVS never says when the table changed while it was
 * read: only a verified snapshot is known to be one picture.
 */
export class Snapshot implements Iterable<ServiceWithServers> {
  readonly serviceCount: number
  readonly serverCount: number
  private readonly serviceView: DataView
  private readonly serverViews: readonly DataView[]
  private readonly serversPerPiece: number

  /** @internal `kernel.ipvs.snapshot()` makes these. */
  constructor(
    buffers: SnapshotBuffers,
    /** Two readings in a row agreed on everything but counters. */
    readonly verified = false,
  ) {
    const reader = rowReader()
    this.serviceView = new DataView(buffers.services)
    this.serverViews = buffers.servers.map((buffer) => new DataView(buffer))
    this.serviceCount = buffers.services.byteLength / reader.serviceSize
    const bytes = buffers.servers.reduce((sum, buffer) => sum + buffer.byteLength, 0)
    this.serverCount = bytes / reader.serverSize
    this.serversPerPiece = (this.serverViews[0]?.byteLength ?? reader.serverSize) / reader.serverSize
  }

  /** All services; made anew at each call. */
  get services(): ServiceWithServers[] {
    return [...this]
  }

  *[Symbol.iterator](): Generator<ServiceWithServers, void, undefined> {
    const reader = rowReader()
    for (const { row, servers } of this.rows((view, at) => reader.serverState(view, at))) {
      // The state is a fresh object of ours: completing it is cheaper than copying it.
      yield Object.assign(reader.serviceState(this.serviceView, row), { servers })
    }
  }

  /** The same without counters and rates: what takes least to make where only the configuration is looked at. */
  *configurations(): Generator<ConfiguredService, void, undefined> {
    const reader = rowReader()
    for (const { row, servers } of this.rows((view, at) => reader.serverConfiguration(view, at))) {
      yield Object.assign(reader.serviceConfiguration(this.serviceView, row), { servers })
    }
  }

  private *rows<T>(decode: (view: DataView, row: number) => T): Generator<{ row: number; servers: T[] }> {
    const reader = rowReader()
    let server = 0
    for (let index = 0; index < this.serviceCount; index++) {
      const row = index * reader.serviceSize
      const last = server + reader.serverCount(this.serviceView, row)
      const servers: T[] = []
      for (; server < last; server++) {
        const view = this.serverViews[Math.floor(server / this.serversPerPiece)] as DataView
        servers.push(decode(view, (server % this.serversPerPiece) * reader.serverSize))
      }
      yield { row, servers }
    }
  }
}

/** Whether two readings describe the same table, counters and connections apart. */
export function* sameTable(a: SnapshotBuffers, b: SnapshotBuffers): Steps<boolean> {
  const { serviceSize, serverSize, serviceConfigSize, serverConfigSize } = rowReader()
  if (a.servers.length !== b.servers.length) return false
  if (!(yield* sameRows(a.services, b.services, serviceSize, serviceConfigSize))) return false
  for (const [index, piece] of a.servers.entries()) {
    if (!(yield* sameRows(piece, b.servers[index] as ArrayBuffer, serverSize, serverConfigSize))) return false
  }
  return true
}

function* sameRows(a: ArrayBuffer, b: ArrayBuffer, rowSize: number, compared: number): Steps<boolean> {
  if (a.byteLength !== b.byteLength) return false
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  for (let row = 0; row < left.length; row += rowSize) {
    yield
    const end = row + compared
    if (left.compare(right, row, end, row, end) !== 0) return false
  }
  return true
}
