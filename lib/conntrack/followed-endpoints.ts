/** The endpoints that a follower has put into a filter, and the services that they stand for. */
import type { FollowedKey } from './connection.js'
import type { EndpointFilter } from './filter-types.js'

interface Followed {
  readonly endpoint: EndpointFilter
  readonly service: FollowedKey
  /** When it left the table, on the caller's clock. */
  goneAt: number | undefined
}

export class FollowedEndpoints {
  private readonly members = new Map<string, Followed>()

  constructor(private readonly lingerMs: number) {}

  /** Takes over a table. True when the endpoints are others than before; those that went stay for a while. */
  update(table: readonly (readonly [EndpointFilter, FollowedKey])[], now: number): boolean {
    const left = new Set(this.members.keys())
    let changed = false
    for (const [endpoint, service] of table) {
      const name = nameOf(endpoint.protocol, endpoint.address, endpoint.port ?? 0)
      changed ||= !this.members.has(name)
      left.delete(name)
      this.members.set(name, { endpoint, service, goneAt: undefined })
    }
    for (const name of left) changed = this.leave(name, now) || changed
    return changed
  }

  endpoints(): EndpointFilter[] {
    return Array.from(this.members.values(), ({ endpoint }) => endpoint)
  }

  /** The service behind an address and a port, or behind all ports of the address. */
  find(protocol: string | number, address: string, port: number): FollowedKey | undefined {
    const member =
      this.members.get(nameOf(protocol, address, port)) ?? this.members.get(nameOf(protocol, address, 0))
    return member?.service
  }

  /** True when its time is over. */
  private leave(name: string, now: number): boolean {
    const member = this.members.get(name)
    if (member === undefined) return false
    member.goneAt ??= now
    return now - member.goneAt >= this.lingerMs && this.members.delete(name)
  }
}

function nameOf(protocol: string | number, address: string, port: number): string {
  return `${protocol} ${address} ${port}`
}
