/** The kernel settings that the director needs, for this kernel and these options. */
import { mostFlows } from '../option-checks.js'
import type { DirectorConntrack, ResolvedOptions } from '../options.js'
import type { TimeoutState } from '../state/state.js'
import type { NodeView } from './facts.js'

export function planSysctls(
  { kernelRelease, processors }: Pick<NodeView, 'kernelRelease' | 'processors'>,
  options: ResolvedOptions,
): Map<string, string> {
  const wanted = new Map([
    // iptables cannot change the source of packets that IPVS keeps out of conntrack.
    ['net.ipv4.vs.conntrack', '1'],
    // Connections of a server that is gone end at once instead of vanishing into it.
    ['net.ipv4.vs.expire_nodest_conn', '1'],
    // Clients with affinity to a server of weight 0 are scheduled anew.
    ['net.ipv4.vs.expire_quiescent_template', '1'],
  ])
  const reuse = connReuseMode(kernelRelease)
  if (reuse !== undefined) wanted.set('net.ipv4.vs.conn_reuse_mode', reuse)
  if (options.families.includes('inet')) wanted.set('net.ipv4.ip_forward', '1')
  if (options.strictArp) {
    wanted.set('net.ipv4.conf.all.arp_ignore', '1')
    wanted.set('net.ipv4.conf.all.arp_announce', '2')
  }
  for (const [name, value] of planConntrack(options.conntrack, processors))
    if (value > 0) wanted.set(`net.netfilter.nf_conntrack_${name}`, String(value))
  return wanted
}

/** The kernel rounds the number up to whole pages, and others may have asked for more: both are fine. */
export const atLeastSysctls: ReadonlySet<string> = new Set(['net.netfilter.nf_conntrack_buckets'])

/** 0: as it is. Four flows a bucket, as kube-proxy has it. */
function planConntrack(options: DirectorConntrack, processors: number): [name: string, value: number][] {
  const { maxPerCore = 0, min = 0 } = options
  const max = maxPerCore === 0 ? 0 : Math.min(Math.max(maxPerCore * processors, min), mostFlows)
  return [
    ['max', max],
    ['buckets', Math.floor(max / 4)],
    ['tcp_timeout_established', options.tcpEstablishedSeconds ?? 0],
    ['tcp_timeout_close_wait', options.tcpCloseWaitSeconds ?? 0],
    ['tcp_be_liberal', options.tcpBeLiberal === true ? 1 : 0],
    ['udp_timeout', options.udpSeconds ?? 0],
    ['udp_timeout_stream', options.udpStreamSeconds ?? 0],
  ]
}

/** Those that are asked for: 0 leaves the kernel's. */
export function planTimeouts({ timeouts }: ResolvedOptions): TimeoutState {
  const { tcpSeconds = 0, tcpFinSeconds = 0, udpSeconds = 0 } = timeouts
  const all = [
    ['tcpSeconds', tcpSeconds],
    ['tcpFinSeconds', tcpFinSeconds],
    ['udpSeconds', udpSeconds],
  ] as const
  return new Map(all.filter(([, seconds]) => seconds > 0))
}

/**
 * Before Linux 5.9 a reused source port waits a second under mode 1 when conntrack is on, so mode 0 is the lesser evil;
 * from 5.9 the kernel's own mode 1 is right, and 0 would send reused ports to draining servers. Older than 4.1: no such
 * setting.
 */
export function connReuseMode(kernelRelease: string): '0' | undefined {
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10))
  const version = major * 1000 + minor
  return version >= 4001 && version < 5009 ? '0' : undefined
}
