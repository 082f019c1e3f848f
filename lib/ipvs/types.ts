/**
 * The vocabulary of IPVS, in the kernel's own sense. Identity (keys), configuration (what can be written) and
 * state (what is read back) are separate types, and the state of what this package wrote can be written back as it is.
 *
 * Source: linux/ip_vs.h; net/netfilter/ipvs/ip_vs_ctl.c; ipvsadm(8).
 */

/** Transport of a virtual service (IPPROTO_TCP 6, IPPROTO_UDP 17, IPPROTO_SCTP 132). */
export type Protocol = 'tcp' | 'udp' | 'sctp'

/** Address family of a firewall-mark service, whose key has no address to tell it (AF_INET 2, AF_INET6 10). */
export type Family = 'inet' | 'inet6'

/** A virtual service reached by address. IPVS_SVC_ATTR_PROTOCOL, _ADDR, _PORT; ipvsadm -t, -u, --sctp-service. */
export interface AddressServiceKey {
  readonly protocol: Protocol
  /** IPv4 or IPv6 address in text form, without prefix length or zone. */
  readonly address: string
  /** 0–65535. 0 means any port and needs `persistence`; 21 makes the kernel look into FTP. */
  readonly port: number
}

/** A virtual service reached by firewall mark. IPVS_SVC_ATTR_FWMARK; ipvsadm -f. */
export interface FwmarkServiceKey {
  /** 1–4294967295. */
  readonly fwmark: number
  readonly family: Family
}

export type ServiceKey = AddressServiceKey | FwmarkServiceKey

export function isFwmarkKey(key: ServiceKey): key is FwmarkServiceKey {
  return (key as Partial<FwmarkServiceKey>).fwmark !== undefined
}

/** Schedulers of the kernel's own tree; any other module's name (at most 15 bytes) is accepted too. */
export type SchedulerName =
  'rr' | 'wrr' | 'lc' | 'wlc' | 'lblc' | 'lblcr' | 'dh' | 'sh' | 'sed' | 'nq' | 'fo' | 'ovf' | 'mh' | 'twos'

/**
 * Scheduler flags by ipvsadm's names (-b). The bits are shared: `sh-fallback`, `mh-fallback` and `flag-1` are bit 0x8
 * (IP_VS_SVC_F_SCHED1), `sh-port`, `mh-port` and `flag-2` are 0x10, `flag-3` is 0x20.
 */
export type SchedulerFlag =
  'sh-fallback' | 'sh-port' | 'mh-fallback' | 'mh-port' | 'flag-1' | 'flag-2' | 'flag-3'

/** Client affinity (IP_VS_SVC_F_PERSISTENT); ipvsadm -p and -M. */
export interface Persistence {
  /**
   * Life of a template after its last connection. 1–4294967 seconds: the kernel counts them in ticks of up to 1000 Hz,
   * in 32 bits. ipvsadm's default is 360 (its manual says 300), its most are 31 days.
   */
  readonly timeoutSeconds: number
  /** Clients of one prefix share an affinity. IPv4 0 (all clients)–32, default 32; IPv6 1–128, default 128. */
  readonly prefixLength?: number
  /**
   * In place of `prefixLength`, for an IPv4 mask with a hole: `'255.0.255.0'`. Read back where there is one, and then
   * `prefixLength` is the number of its bits.
   */
  readonly netmask?: string
}

/** What a virtual service can be told, besides its key. */
export interface ServiceOptions {
  /** @default 'wlc' */
  readonly scheduler?: SchedulerName | (string & {})
  /** @default none */
  readonly schedulerFlags?: readonly SchedulerFlag[]
  /** @default none: each connection is scheduled by itself */
  readonly persistence?: Persistence
  /** Name of a persistence engine module (IPVS_SVC_ATTR_PE_NAME; ipvsadm --pe), at most 15 bytes: `'sip'`. */
  readonly persistenceEngine?: string
  /** Schedule each UDP datagram by itself (IP_VS_SVC_F_ONEPACKET; ipvsadm -o). @default false */
  readonly onePacket?: boolean
}

export type Service = ServiceKey & ServiceOptions

/** IP_VS_CONN_F_MASQ, _DROUTE, _TUNNEL. */
export type ForwardingMethod = 'masquerade' | 'direct' | 'tunnel'
/** What the kernel may report besides: a server on the director itself, or the cache bypass pseudo server. */
export type ReportedForwardingMethod = ForwardingMethod | 'local' | 'bypass'

export type TunnelType = 'ipip' | 'gue' | 'gre'
/** IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM 0, _CSUM 1, _REMCSUM 2. */
export type TunnelChecksum = 'none' | 'checksum' | 'remote-checksum'

/** Encapsulation of a server with `forwarding: 'tunnel'`. Linux 5.2 (gue), 5.3 (gre). */
export interface Tunnel {
  /** @default 'ipip' */
  readonly type?: TunnelType
  /** UDP port of the server's GUE decapsulator: 1–65535, required for (and only for) `gue`. */
  readonly port?: number
  /** For `gue` and `gre`; `remote-checksum` for `gue` only. @default 'none' */
  readonly checksum?: TunnelChecksum
}

export interface ServerKey {
  /** Unicast address; of another family than the service's only with `forwarding: 'tunnel'`. */
  readonly address: string
  /** 0–65535. @default the service's port (0 for a firewall-mark service) */
  readonly port?: number
}

export interface ServerOptions {
  /** @default 'masquerade' */
  readonly forwarding?: ForwardingMethod
  /** 0–2147483647; 0 lets connections drain and takes no new ones. @default 1 */
  readonly weight?: number
  /** Above this many connections the server gets no new ones. 0 = no limit; at most 2147483647. @default 0 */
  readonly upperThreshold?: number
  /** Below this many it gets new ones again. 0 = three quarters of the upper; at most the upper. @default 0 */
  readonly lowerThreshold?: number
  /** @default plain IP-in-IP */
  readonly tunnel?: Tunnel
}

/** A real server of a virtual service. */
export type Server = ServerKey & ServerOptions

/** Totals since the service or server was made or zeroed (IPVS_SVC_ATTR_STATS64). */
export interface Counters {
  readonly connections: bigint
  readonly incomingPackets: bigint
  readonly outgoingPackets: bigint
  readonly incomingBytes: bigint
  readonly outgoingBytes: bigint
}

/** Estimates over the last seconds; they freeze while `net.ipv4.vs.run_estimation` is 0. */
export interface Rates {
  readonly connectionsPerSecond: bigint
  readonly incomingPacketsPerSecond: bigint
  readonly outgoingPacketsPerSecond: bigint
  readonly incomingBytesPerSecond: bigint
  readonly outgoingBytesPerSecond: bigint
}

/** A virtual service as the kernel has it. */
export type ServiceState = ServiceKey & {
  readonly scheduler: string
  readonly schedulerFlags: readonly SchedulerFlag[]
  readonly persistence?: Persistence & Required<Pick<Persistence, 'prefixLength'>>
  readonly persistenceEngine?: string
  readonly onePacket: boolean
  readonly counters: Counters
  readonly rates: Rates
}

/** A real server as the kernel has it. */
export interface ServerState {
  readonly address: string
  readonly port: number
  readonly forwarding: ReportedForwardingMethod
  readonly weight: number
  readonly upperThreshold: number
  readonly lowerThreshold: number
  /** Present for `forwarding: 'tunnel'`. */
  readonly tunnel?: Tunnel
  readonly activeConnections: number
  readonly inactiveConnections: number
  readonly persistentConnections: number
  readonly counters: Counters
  readonly rates: Rates
}

/** A service with its servers, as `snapshot()` yields them. */
export type ServiceWithServers = ServiceState & { readonly servers: readonly ServerState[] }

/** IPVS_CMD_GET_INFO. */
export interface IpvsInfo {
  /** `'1.2.1'` */
  readonly version: string
  /** Buckets of the connection table. */
  readonly connectionTableSize: number
}

/** Connection timeouts of the whole table, whole seconds. ipvsadm --set. */
export interface Timeouts {
  /** Established TCP. Kernel default 900. */
  readonly tcpSeconds: number
  /** TCP after a FIN. Kernel default 120. */
  readonly tcpFinSeconds: number
  /** Kernel default 300. */
  readonly udpSeconds: number
}

/** A connection synchronisation daemon. ipvsadm --start-daemon. */
export interface SyncDaemon {
  readonly state: 'master' | 'backup'
  /** Interface that carries the multicast, at most 15 bytes. */
  readonly interface: string
  /** 0–255: daemons of one group share it. @default 0 */
  readonly syncId?: number
  /** Largest sync message, bytes, 1–65507. @default the interface's MTU less headers */
  readonly maxLength?: number
  /** Multicast group, IPv4 or IPv6. @default '224.0.0.81' */
  readonly group?: string
  /** 1–65535. @default 8848 */
  readonly port?: number
  /** 1–255. @default 1 */
  readonly ttl?: number
}

export type SyncDaemonState = Required<SyncDaemon>

/** A row of /proc/net/ip_vs_conn (and _sync). */
export interface Connection {
  readonly protocol: Protocol | (string & {})
  readonly client: { readonly address: string; readonly port: number }
  readonly virtual: { readonly address: string; readonly port: number }
  readonly server: { readonly address: string; readonly port: number }
  /** `'ESTABLISHED'`, `'FIN_WAIT'`, `'UDP'`, `'NONE'` for a persistence template … */
  readonly state: string
  readonly expiresSeconds: number
  readonly persistenceEngine?: { readonly name: string; readonly data: string }
  /** Only from the sync table. */
  readonly origin?: 'local' | 'sync'
}
