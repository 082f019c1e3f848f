/** `filter: { services: 'ipvs' }`: keeps a listener's filter in step with the virtual server table. */
import type { FollowedKey, IpvsConnection } from './connection.js'
import type { EndpointFilter, EventFilter } from './filter-types.js'
import type { FilterFollower, Listener } from './listener.js'
import type { FlowEvent } from './types.js'

/** A virtual service, as far as its connections can be told by it. */
export interface FollowedService {
  /** As `kernel.ipvs` takes it. */
  readonly key: FollowedKey
  /** Of services by firewall mark: their servers, by which their connections are told. */
  readonly servers: readonly { readonly address: string; readonly port: number }[]
}

export interface FollowerOptions {
  /** Reads the table: services that can be told apart by their address, and the servers of the others. */
  read(): Promise<readonly FollowedService[]>
  readonly intervalMs: number
}

export class IpvsFollower implements FilterFollower {
  readonly ready: Promise<void>
  private readonly listener: WeakRef<Listener>
  private readonly timer: NodeJS.Timeout
  private services = new Map<string, FollowedKey>()
  private servers = new Map<string, FollowedKey>()
  private members: Pick<EventFilter, 'destinations' | 'servers'> = {}
  private fingerprint = ''
  private reading: Promise<void> | undefined

  constructor(
    listener: Listener,
    private readonly options: FollowerOptions,
  ) {
    // The table has no events of its own; it is read again and again. Weak: a forgotten listener may go.
    this.listener = new WeakRef(listener)
    this.timer = setInterval(() => void this.refresh(), options.intervalMs).unref()
    this.ready = this.refresh()
  }

  extend(filter: EventFilter): EventFilter {
    return {
      ...filter,
      destinations: [...(filter.destinations ?? []), ...(this.members.destinations ?? [])],
      servers: [...(filter.servers ?? []), ...(this.members.servers ?? [])],
    }
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Reads the table now. Never rejects: what goes wrong ends the listener, which says so to its consumer. */
  refresh(): Promise<void> {
    this.reading ??= this.readOnce().finally(() => (this.reading = undefined))
    return this.reading
  }

  /** The connection that an event is about; undefined where it belongs to no service. */
  connection({ original, reply, nat }: FlowEvent): IpvsConnection | undefined {
    const { protocol, destination, destinationPort = 0 } = original
    const key =
      this.services.get(keyOf(protocol, destination, destinationPort)) ??
      this.services.get(keyOf(protocol, destination, 0)) ??
      this.servers.get(keyOf(protocol, reply.source, reply.sourcePort ?? 0))
    if (key === undefined) return undefined
    return {
      client: endpoint(original.source, original.sourcePort),
      service: key,
      ...(nat?.destination !== undefined && { server: nat.destination }),
    }
  }

  private async readOnce(): Promise<void> {
    try {
      const table = await this.options.read()
      const fingerprint = JSON.stringify(table)
      if (fingerprint === this.fingerprint) return
      this.fingerprint = fingerprint
      this.take(table)
      await this.listener.deref()?.refresh()
    } catch (error) {
      this.stop()
      this.listener.deref()?.fail(error)
    }
  }

  private take(table: readonly FollowedService[]): void {
    const destinations: EndpointFilter[] = []
    const servers: EndpointFilter[] = []
    // Services that went stay known for naming the last events of their connections.
    for (const { key, servers: behind } of table) {
      if ('fwmark' in key) {
        for (const protocol of ['tcp', 'udp', 'sctp'] as const) {
          for (const { address, port } of behind) {
            servers.push({ protocol, address, port })
            this.servers.set(keyOf(protocol, address, port), key)
          }
        }
      } else {
        destinations.push(key)
        this.services.set(keyOf(key.protocol, key.address, key.port), key)
      }
    }
    this.members = { destinations, servers }
  }
}

function keyOf(protocol: string | number, address: string, port: number): string {
  return `${protocol} ${address} ${port}`
}

function endpoint(address: string, port: number | undefined): { address: string; port?: number } {
  return port === undefined ? { address } : { address, port }
}
