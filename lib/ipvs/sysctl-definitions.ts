/**
 * Every `net.ipv4.vs.*` setting: its type, range, default, and since when there is one.
 * Source: Documentation/networking/ipvs-sysctl.rst; net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_lblc.c, ip_vs_lblcr.c.
 */

/** `sync_threshold`: which packets of a connection make the master tell the backups. */
export interface SyncThreshold {
  /** Packets before the first message, 0–2147483647; below `period`, unless that is 0. */
  readonly threshold: number
  /** Packets between further messages, 0–2147483647; 0 sends only when the state changes or the timer wants it. */
  readonly period: number
}

/** The settings by our names: the kernel's (in `net.ipv4.vs.`) without underscores. */
export interface IpvsSysctlValues {
  /** `am_droprate`: one packet of so many is dropped while `drop_packet` is 3. 0–2147483647. Default 10. */
  readonly amDroprate: number
  /** `amemthresh`: free memory below which the automatic defences start, in pages. 0–2147483647. Default 1024. */
  readonly amemthresh: number
  /** `backup_only`: do not direct while a backup daemon runs, against loops of direct and tunnel servers. Default false. */
  readonly backupOnly: boolean
  /** `cache_bypass`: forward straight to the destination when no cache server is there (transparent proxy). Default false. */
  readonly cacheBypass: boolean
  /**
   * `conn_reuse_mode`: what a new connection from a port in use does. Bits: 1 schedules it anew where that is safe, 2
   * also in FIN_WAIT; 0 sends it to the old server. 0–3. Default 1.
   */
  readonly connReuseMode: number
  /** `conntrack`: keep netfilter's conntrack entries for IPVS connections. Default false. Wants CONFIG_IP_VS_NFCT. */
  readonly conntrack: boolean
  /** `conn_lfactor`: how full the connection table gets before it grows, as a power of two. -8–8. Default -4. */
  readonly connLfactor: number
  /** `conn_max`: most connections of the namespace. 0–1073741824, which is the default. */
  readonly connMax: number
  /**
   * `debug_level`: how much IPVS writes to the kernel log. 0–2147483647. Default 0. Wants CONFIG_IP_VS_DEBUG. One for the
   * whole machine, and read-only in all but the first namespace.
   */
  readonly debugLevel: number
  /** `drop_entry`: drop connections when memory is short. 0 never, 1 automatic (the kernel shows 2 while it does), 3 always. */
  readonly dropEntry: number
  /** `drop_packet`: drop packets when memory is short, with the same modes. */
  readonly dropPacket: number
  /** `est_cpulist`: CPUs for the rate estimators: `'0-3,5'`, or `''` for the housekeeping ones. Default: those. */
  readonly estCpulist: string
  /** `est_nice`: nice value of the estimators. -20–19. Default 0. */
  readonly estNice: number
  /** `expire_nodest_conn`: end connections at once whose server was removed; otherwise their packets are dropped. Default false. */
  readonly expireNodestConn: boolean
  /** `expire_quiescent_template`: forget affinities to servers of weight 0. Default false. */
  readonly expireQuiescentTemplate: boolean
  /** `ignore_tunneled`: leave packets alone that came through a tunnel of our own. Default false. */
  readonly ignoreTunneled: boolean
  /** `lblc_expiration`: when the lblc scheduler forgets an unused destination, seconds. Default 86400. With its module. */
  readonly lblcExpiration: number
  /** `lblcr_expiration`: the same for lblcr. */
  readonly lblcrExpiration: number
  /** `nat_icmp_send`: tell clients by ICMP when a masqueraded server's packet has no connection. Default false. */
  readonly natIcmpSend: boolean
  /** `pmtu_disc`: answer too large packets for tunnel servers with ICMP. Default true. */
  readonly pmtuDisc: boolean
  /** `run_estimation`: keep rates; off saves CPU and freezes them. Default true. */
  readonly runEstimation: boolean
  /** `schedule_icmp`: schedule ICMP messages that belong to no connection. Default false. */
  readonly scheduleIcmp: boolean
  /** `secure_tcp`: a stricter TCP state machine against floods, with the modes of `dropEntry`. */
  readonly secureTcp: number
  /** `sloppy_sctp`: take up SCTP connections at any packet. Default false. */
  readonly sloppySctp: boolean
  /** `sloppy_tcp`: take up TCP connections at any packet. Default false. */
  readonly sloppyTcp: boolean
  /** `snat_reroute`: look up the route of masqueraded replies again. Default true. */
  readonly snatReroute: boolean
  /** `sync_persist_mode`: 0 tells backups of all connections, 1 only of templates where that is enough. Default 0. */
  readonly syncPersistMode: number
  /** `sync_ports`: threads and ports of a sync daemon: a power of two, 1–64. Default 1. */
  readonly syncPorts: number
  /** `sync_qlen_max`: most sync messages in the queue. At least 0. Default: 1/32 of the free pages. */
  readonly syncQlenMax: number
  /** `sync_refresh_period`: change of a timer that is worth a message, seconds. 0–2147483. Default 0: none. */
  readonly syncRefreshPeriod: number
  /** `sync_retries`: repeated messages. 0–3. Default 0. */
  readonly syncRetries: number
  /** `sync_sock_size`: buffer of the sync sockets, bytes. 0–2147483647. Default 0: the system's. */
  readonly syncSockSize: number
  /** `sync_threshold`. Default 3 of 50. */
  readonly syncThreshold: SyncThreshold
  /** `sync_version`: 1 is today's protocol, 0 the one of kernels before 2.6.39. Default 1. */
  readonly syncVersion: number
  /** `svc_lfactor`: how full the service table gets before it grows, as a power of two. -8–8. Default -3. */
  readonly svcLfactor: number
}

export type IpvsSysctlName = keyof IpvsSysctlValues

/** What is known of one setting. */
export interface IpvsSysctlDefinition {
  /** The kernel's name behind `net.ipv4.vs.`. */
  readonly kernelName: string
  readonly type: 'boolean' | 'integer' | 'power-of-two' | 'pair' | 'cpu-list'
  readonly minimum?: number
  readonly maximum?: number
  readonly unit?: 'seconds' | 'bytes' | 'pages' | 'packets'
  /** First kernel release known to have it, where older ones still run: `'6.2'`. */
  readonly minimumKernel?: string
  /** What else has to be there: a build option, or a module. */
  readonly needs?: string
}

const INT_MAX = 0x7fffffff
/** Seconds that fit the kernel's tick counter at every tick rate. */
const MOST_SECONDS = 2147483

function integer(
  kernelName: string,
  minimum: number,
  maximum: number,
  more: Partial<IpvsSysctlDefinition> = {},
): IpvsSysctlDefinition {
  return { kernelName, type: 'integer', minimum, maximum, ...more }
}

function boolean(kernelName: string, more: Partial<IpvsSysctlDefinition> = {}): IpvsSysctlDefinition {
  return { kernelName, type: 'boolean', ...more }
}

export const ipvsSysctls: Readonly<Record<IpvsSysctlName, IpvsSysctlDefinition>> = {
  amDroprate: integer('am_droprate', 0, INT_MAX, { unit: 'packets' }),
  amemthresh: integer('amemthresh', 0, INT_MAX, { unit: 'pages' }),
  backupOnly: boolean('backup_only'),
  cacheBypass: boolean('cache_bypass'),
  connReuseMode: integer('conn_reuse_mode', 0, 3),
  conntrack: boolean('conntrack', { needs: 'a kernel built with CONFIG_IP_VS_NFCT' }),
  connLfactor: integer('conn_lfactor', -8, 8, { minimumKernel: '7.2' }),
  connMax: integer('conn_max', 0, 1 << 30, { minimumKernel: '7.2' }),
  debugLevel: integer('debug_level', 0, INT_MAX, { needs: 'a kernel built with CONFIG_IP_VS_DEBUG' }),
  dropEntry: integer('drop_entry', 0, 3),
  dropPacket: integer('drop_packet', 0, 3),
  estCpulist: { kernelName: 'est_cpulist', type: 'cpu-list', minimumKernel: '6.2' },
  estNice: integer('est_nice', -20, 19, { minimumKernel: '6.2' }),
  expireNodestConn: boolean('expire_nodest_conn'),
  expireQuiescentTemplate: boolean('expire_quiescent_template'),
  ignoreTunneled: boolean('ignore_tunneled'),
  lblcExpiration: integer('lblc_expiration', 0, MOST_SECONDS, {
    unit: 'seconds',
    needs: 'the module ip_vs_lblc',
  }),
  lblcrExpiration: integer('lblcr_expiration', 0, MOST_SECONDS, {
    unit: 'seconds',
    needs: 'the module ip_vs_lblcr',
  }),
  natIcmpSend: boolean('nat_icmp_send'),
  pmtuDisc: boolean('pmtu_disc'),
  runEstimation: boolean('run_estimation', { minimumKernel: '5.16' }),
  scheduleIcmp: boolean('schedule_icmp'),
  secureTcp: integer('secure_tcp', 0, 3),
  sloppySctp: boolean('sloppy_sctp'),
  sloppyTcp: boolean('sloppy_tcp'),
  snatReroute: boolean('snat_reroute'),
  syncPersistMode: integer('sync_persist_mode', 0, 1),
  syncPorts: { kernelName: 'sync_ports', type: 'power-of-two', minimum: 1, maximum: 64 },
  syncQlenMax: integer('sync_qlen_max', 0, Number.MAX_SAFE_INTEGER),
  syncRefreshPeriod: integer('sync_refresh_period', 0, MOST_SECONDS, { unit: 'seconds' }),
  syncRetries: integer('sync_retries', 0, 3),
  syncSockSize: integer('sync_sock_size', 0, INT_MAX, { unit: 'bytes' }),
  syncThreshold: {
    kernelName: 'sync_threshold',
    type: 'pair',
    minimum: 0,
    maximum: INT_MAX,
    unit: 'packets',
  },
  syncVersion: integer('sync_version', 0, 1),
  svcLfactor: integer('svc_lfactor', -8, 8, { minimumKernel: '7.2' }),
}
