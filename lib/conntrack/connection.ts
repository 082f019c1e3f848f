/** What a listener that follows IPVS knows of a flow. */
export type FollowedKey =
  | { readonly protocol: 'tcp' | 'udp' | 'sctp'; readonly address: string; readonly port: number }
  | { readonly fwmark: number; readonly family: 'inet' | 'inet6' }

/** What a listener that follows IPVS adds to each event. */
export interface IpvsConnection {
  readonly client: { readonly address: string; readonly port?: number }
  readonly service: FollowedKey
  /**
   * Who serves it. Absent for direct routing and tunnels, where conntrack does not see the server: see
   * `kernel.ipvs.connections()`.
   */
  readonly server?: { readonly address: string; readonly port?: number }
}
