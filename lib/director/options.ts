/** What the director can be told. Defaults are kube-proxy's where it has the option. */
import type { Family, ForwardingMethod, SchedulerFlag, SchedulerName } from '../ipvs/types.js'
import type { ChangeType } from './state/changes.js'
import { drainTimeout, scheduler, schedulerFlags } from './input/check-ipvs.js'
import * as check from './input/check.js'
import type { Prefix } from './input/ip.js'
import {
  allowedChanges,
  conntrack,
  families,
  localTraffic,
  nodeIPs,
  nodePortAddresses,
  prefixes,
  timeouts,
} from './option-checks.js'
import { defaultPrefix, type Names, namesFor } from './state/names.js'
import { defaultMaxElements } from './state/sets.js'

/** Which traffic counts as the cluster's own, and so reaches a cluster address with its source unchanged. */
export type LocalTraffic =
  | { readonly kind: 'cidrs'; /** At most one of each family. */ readonly cidrs: readonly string[] }
  | { readonly kind: 'bridge'; readonly interface: string }
  | { readonly kind: 'interface-prefix'; readonly prefix: string }

/** Connection timeouts of IPVS, seconds; what is left out or 0 keeps the kernel's. */
export interface DirectorTimeouts {
  readonly tcpSeconds?: number
  readonly tcpFinSeconds?: number
  readonly udpSeconds?: number
}

/**
 * Settings of conntrack that are kept as given; what is left out or 0 (false) stays as it is. The size of the table belongs
 * to the machine: the kernel takes it in the initial network namespace only, elsewhere `status().troubled` says so.
 */
export interface DirectorConntrack {
  /** Flows that the table may hold, per processor; its buckets become a quarter of that where they are fewer. kube-proxy: 32768 */
  readonly maxPerCore?: number
  /** The least that `maxPerCore` comes to; nothing without it. kube-proxy: 131072 */
  readonly min?: number
  /** Until an idle TCP connection is forgotten, seconds. kube-proxy: 86400 */
  readonly tcpEstablishedSeconds?: number
  /** Until a TCP connection is forgotten that one end has closed, seconds. kube-proxy: 3600 */
  readonly tcpCloseWaitSeconds?: number
  /** Packets outside of the TCP window are no reason to call a connection invalid. kube-proxy: false */
  readonly tcpBeLiberal?: boolean
  /** Until a UDP flow without answers is forgotten, seconds. kube-proxy: 0 */
  readonly udpSeconds?: number
  /** Until a UDP flow with answers is forgotten, seconds. kube-proxy: 0 */
  readonly udpStreamSeconds?: number
}

export interface DirectorOptions {
  /** @default both */
  readonly families?: readonly Family[]
  /** First part of the name of every set and chain, at most 7 characters. @default 'KUBE-' */
  readonly prefix?: string
  /** The dummy interface. @default the prefix in small letters and `ipvs0`: `'kube-ipvs0'` */
  readonly link?: string
  /** Scheduler of services that name none. @default 'rr' */
  readonly scheduler?: SchedulerName | (string & {})
  /** @default none; `mh` always hashes the port too */
  readonly schedulerFlags?: readonly SchedulerFlag[]
  /** How Kubernetes services that do not say it are forwarded. @default 'masquerade' */
  readonly forwarding?: ForwardingMethod
  /** Weight of the servers of Kubernetes services that do not say it, 1–65535. @default 1 */
  readonly weight?: number
  /** Virtual services, and addresses on the dummy link, within these prefixes are left alone. @default none */
  readonly excludeCidrs?: readonly string[]
  /**
   * What happens to virtual services that are not ours: `'remove'` (kube-proxy's way: the node's table is ours) or
   * `'keep'`. @default 'remove' with the prefix KUBE-, 'keep' with any other
   */
  readonly foreignServices?: 'remove' | 'keep'
  /** Do not answer ARP for virtual addresses on other interfaces. @default false */
  readonly strictArp?: boolean
  readonly timeouts?: DirectorTimeouts
  /** Settings of conntrack; `'kube-proxy'`: with kube-proxy's defaults. @default none: the kernel's stay */
  readonly conntrack?: 'kube-proxy' | DirectorConntrack
  /** Masquerade all traffic to cluster addresses. @default false */
  readonly masqueradeAll?: boolean
  /** Bit of the packet mark that asks for masquerading, 0–31. @default 14 */
  readonly masqueradeBit?: number
  /** @default none: only what the node itself sends from a virtual address is masqueraded */
  readonly localTraffic?: LocalTraffic
  /**
   * Node ports are served on the node's addresses within these prefixes. `'primary'` (or `['primary']`, as kube-proxy has
   * it): on the node's own address of each family, see `nodeIPs`. @default all of them
   */
  readonly nodePortAddresses?: 'primary' | readonly string[]
  /**
   * The node's own address, at most one of each family, as kube-proxy takes it from the node object or `--bind-address`:
   * source ranges that hold it let the node itself in. @default the address of the link that the default route leaves by
   */
  readonly nodeIPs?: readonly string[]
  /** Virtual addresses answer ping. @default false */
  readonly answerPing?: boolean
  /**
   * A `Local` policy without a local endpoint uses all endpoints, as kube-proxy's IPVS mode does; false drops the
   * traffic, as its other modes do. @default true
   */
  readonly localFallback?: boolean
  /** Seconds after which a draining server is removed with connections left; Infinity: never. @default 900 */
  readonly drainTimeoutSeconds?: number
  /** Entries that a set takes before a larger one replaces it, 1–4294967295. @default 65536 */
  readonly maxElements?: number
  /** Kinds of change that may be made; others are reported and left. @default all */
  readonly allowedChanges?: readonly ChangeType[]
}

/** Options with every default filled in and every text parsed. */
export interface ResolvedOptions {
  readonly families: readonly Family[]
  readonly names: Names
  readonly scheduler: string
  readonly schedulerFlags: readonly SchedulerFlag[]
  readonly forwarding: ForwardingMethod
  readonly weight: number
  readonly excludeCidrs: readonly Prefix[]
  readonly foreignServices: 'remove' | 'keep'
  readonly strictArp: boolean
  readonly timeouts: DirectorTimeouts
  readonly conntrack: DirectorConntrack
  readonly masqueradeAll: boolean
  readonly masqueradeBit: number
  readonly localTraffic: LocalTraffic | undefined
  readonly nodePortAddresses: 'primary' | readonly Prefix[]
  readonly nodeIPs: Readonly<Partial<Record<Family, string>>>
  readonly answerPing: boolean
  readonly localFallback: boolean
  readonly drainTimeoutSeconds: number
  readonly maxElements: number
  readonly allowedChanges: ReadonlySet<ChangeType> | undefined
}

const keys: readonly (keyof DirectorOptions)[] = [
  'families',
  'prefix',
  'link',
  'scheduler',
  'schedulerFlags',
  'forwarding',
  'weight',
  'excludeCidrs',
  'foreignServices',
  'strictArp',
  'timeouts',
  'conntrack',
  'masqueradeAll',
  'masqueradeBit',
  'localTraffic',
  'nodePortAddresses',
  'nodeIPs',
  'answerPing',
  'localFallback',
  'drainTimeoutSeconds',
  'maxElements',
  'allowedChanges',
]

/** @throws InvalidArgumentError naming the option */
export function resolveOptions(options: DirectorOptions = {}): ResolvedOptions {
  check.object('options', options)
  check.knownKeys('', options, keys)
  const names = namesFor(options.prefix, options.link)
  const foreign = options.foreignServices ?? (names.prefix === defaultPrefix ? 'remove' : 'keep')
  return {
    names,
    families: families(options.families),
    scheduler: scheduler('scheduler', options.scheduler ?? 'rr'),
    schedulerFlags: schedulerFlags('schedulerFlags', options.schedulerFlags ?? []),
    forwarding: check.oneOf('forwarding', options.forwarding ?? 'masquerade', [
      'masquerade',
      'direct',
      'tunnel',
    ]),
    weight: check.integer('weight', options.weight ?? 1, 1, 65535),
    excludeCidrs: prefixes('excludeCidrs', options.excludeCidrs),
    foreignServices: check.oneOf('foreignServices', foreign, ['remove', 'keep']),
    strictArp: check.boolean('strictArp', options.strictArp ?? false),
    timeouts: timeouts(options.timeouts ?? {}),
    conntrack: conntrack(options.conntrack),
    masqueradeAll: check.boolean('masqueradeAll', options.masqueradeAll ?? false),
    masqueradeBit: check.integer('masqueradeBit', options.masqueradeBit ?? 14, 0, 31),
    localTraffic: options.localTraffic === undefined ? undefined : localTraffic(options.localTraffic),
    nodePortAddresses: nodePortAddresses(options.nodePortAddresses),
    nodeIPs: nodeIPs(options.nodeIPs),
    answerPing: check.boolean('answerPing', options.answerPing ?? false),
    localFallback: check.boolean('localFallback', options.localFallback ?? true),
    drainTimeoutSeconds: drainTimeout('drainTimeoutSeconds', options.drainTimeoutSeconds ?? 900),
    maxElements: check.integer('maxElements', options.maxElements ?? defaultMaxElements, 1, 0xffffffff),
    allowedChanges: allowedChanges(options.allowedChanges),
  }
}
