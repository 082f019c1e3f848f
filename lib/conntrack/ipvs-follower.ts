/** `filter: { services: 'ipvs' }`: keeps a listener's filter in step with the virtual server table. */
import type { FollowedKey, IpvsConnection } from './connection.js'
import type { EndpointFilter, EventFilter } from './filter-types.js'
import { FollowedEndpoints } from './followed-endpoints.js'
import type { FilterFollower, FollowingFilter } from './listener-filter.js'
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
  /** How long services that went stay in the filter, so that the ends of their connections are heard. */
  readonly lingerMs: number
}

export class IpvsFollower implements FilterFollower {
  private readonly filter: WeakRef<FollowingFilter>
  private timer: NodeJS.Timeout | undefined
  private stopped = false
  private readonly services: FollowedEndpoints
  private readonly servers: FollowedEndpoints
  private reading: Promise<void> | undefined
  private next: Promise<void> | undefined

  constructor(
    filter: FollowingFilter,
    private readonly options: FollowerOptions,
  ) {
    this.services = new FollowedEndpoints(options.lingerMs)
    this.servers = new FollowedEndpoints(options.lingerMs)
    // Weak: a forgotten listener may go.
    this.filter = new WeakRef(filter)
  }

  /** The table has no events of its own; it is read again and again. */
  async start(): Promise<void> {
    const reading = this.options.read().then((table) => void this.take(table))
    this.reading = reading.catch(() => undefined).finally(() => (this.reading = undefined))
    await reading
    if (!this.stopped) {
      this.timer = setInterval(() => void this.refresh(), this.options.intervalMs).unref()
    }
  }

  extend(filter: EventFilter): EventFilter {
    return {
      ...filter,
      destinations: [...(filter.destinations ?? []), ...this.services.endpoints()],
      servers: [...(filter.servers ?? []), ...this.servers.endpoints()],
    }
  }

  stop(): void {
    this.stopped = true
    clearInterval(this.timer)
  }

  /**
   * Reads the table as it is from now on. Never rejects: what goes wrong ends the listener, which says so to its
   * consumer.
   */
  refresh(): Promise<void> {
    // A reading under way may have passed what has just changed; one more is enough for all who ask meanwhile.
    if (this.reading !== undefined) return (this.next ??= this.reading.then(() => this.refresh()))
    this.next = undefined
    this.reading = this.readOnce().finally(() => (this.reading = undefined))
    return this.reading
  }

  /** The connection that an event is about; undefined where it belongs to no service. */
  connection({ original, reply, nat }: FlowEvent): IpvsConnection | undefined {
    const { protocol, source, sourcePort, destination, destinationPort = 0 } = original
    const service =
      this.services.find(protocol, destination, destinationPort) ??
      // By a firewall mark come connections to any address: what counts is that they were led to one of its servers.
      (nat?.destination && this.servers.find(protocol, reply.source, reply.sourcePort ?? 0))
    if (service === undefined) return undefined
    return {
      client: sourcePort === undefined ? { address: source } : { address: source, port: sourcePort },
      service,
      ...(nat?.destination !== undefined && { server: nat.destination }),
    }
  }

  private async readOnce(): Promise<void> {
    if (this.filter.deref() === undefined) this.stop()
    if (this.stopped) return
    try {
      const changed = this.take(await this.options.read())
      if (changed) await this.filter.deref()?.refresh()
    } catch (error) {
      if (this.stopped) return
      this.stop()
      this.filter.deref()?.fail(error)
    }
  }

  private take(table: readonly FollowedService[]): boolean {
    const services: [EndpointFilter, FollowedKey][] = []
    const servers: [EndpointFilter, FollowedKey][] = []
    for (const { key, servers: behind } of table) {
      if (!('fwmark' in key)) services.push([key, key])
      else for (const endpoint of behind.flatMap(ofEveryProtocol)) servers.push([endpoint, key])
    }
    const now = performance.now()
    const servicesChanged = this.services.update(services, now)
    return this.servers.update(servers, now) || servicesChanged
  }
}

function ofEveryProtocol({
  address,
  port,
}: {
  readonly address: string
  readonly port: number
}): EndpointFilter[] {
  return (['tcp', 'udp', 'sctp'] as const).map((protocol) => ({ protocol, address, port }))
}
