/**
 * The 17 sets of one family, with kube-proxy's types and comments. The comment is not kept in the set: it is the
 * comment of the iptables rules that match it.
 */
import type { Family } from '../../ipvs/types.js'

export type SetType = 'hash:ip' | 'hash:ip,port' | 'hash:ip,port,ip' | 'hash:ip,port,net' | 'bitmap:port'

interface SetTraits {
  readonly type: SetType
  readonly comment: string
}

const traits = {
  'LOOP-BACK': {
    type: 'hash:ip,port,ip',
    comment: 'Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose',
  },
  'CLUSTER-IP': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service cluster ip + port for masquerade purpose',
  },
  'EXTERNAL-IP': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service external ip + port for masquerade and filter purpose',
  },
  'EXTERNAL-IP-LOCAL': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service external ip + port with externalTrafficPolicy=local',
  },
  'LOAD-BALANCER': { type: 'hash:ip,port', comment: 'Kubernetes service lb portal' },
  'LOAD-BALANCER-LOCAL': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service load balancer ip + port with externalTrafficPolicy=local',
  },
  'LOAD-BALANCER-FW': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service load balancer ip + port for load balancer with sourceRange',
  },
  'LOAD-BALANCER-SOURCE-CIDR': {
    type: 'hash:ip,port,net',
    comment: 'Kubernetes service load balancer ip + port + source cidr for packet filter purpose',
  },
  'LOAD-BALANCER-SOURCE-IP': {
    type: 'hash:ip,port,ip',
    comment: 'Kubernetes service load balancer ip + port + source IP for packet filter purpose',
  },
  'NODE-PORT-TCP': { type: 'bitmap:port', comment: 'Kubernetes nodeport TCP port for masquerade purpose' },
  'NODE-PORT-LOCAL-TCP': {
    type: 'bitmap:port',
    comment: 'Kubernetes nodeport TCP port with externalTrafficPolicy=local',
  },
  'NODE-PORT-UDP': { type: 'bitmap:port', comment: 'Kubernetes nodeport UDP port for masquerade purpose' },
  'NODE-PORT-LOCAL-UDP': {
    type: 'bitmap:port',
    comment: 'Kubernetes nodeport UDP port with externalTrafficPolicy=local',
  },
  // The HASH in these two names dates from a change of type: a set's type cannot change under its name.
  'NODE-PORT-SCTP-HASH': {
    type: 'hash:ip,port',
    comment: "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
  },
  'NODE-PORT-LOCAL-SCTP-HASH': {
    type: 'hash:ip,port',
    comment: "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  },
  'HEALTH-CHECK-NODE-PORT': { type: 'bitmap:port', comment: 'Kubernetes health check node port' },
  'IPVS-IPS': { type: 'hash:ip', comment: 'Addresses on the ipvs interface' },
} as const satisfies Record<string, SetTraits>

/** The part of a set's name after the prefix. */
export type SetRole = keyof typeof traits

export const setRoles = Object.keys(traits) as readonly SetRole[]

export function setComment(role: SetRole): string {
  return traits[role].comment
}

/** How a set is created. `family`, `hashSize` and `maxElements` are those of hash types only. */
export interface SetDefinition {
  readonly name: string
  readonly role: SetRole
  readonly type: SetType
  readonly family: Family
  /** Buckets at creation; the kernel grows it. */
  readonly hashSize: number
  /** Entries that the set takes at most; the director makes a larger set before it is reached. */
  readonly maxElements: number
}

/** The set that a larger one is filled in, before it takes the name of the full one. */
export function spareName(name: string): string {
  return `${name.slice(0, longestSetName - spareSuffix.length)}${spareSuffix}`
}

/** IPSET_MAXNAMELEN less its terminator. */
export const longestSetName = 31
const spareSuffix = '-grow'

/** kube-proxy's, and the kernel's own default. */
export const defaultHashSize = 1024
export const defaultMaxElements = 65536

export function defineSet(role: SetRole, family: Family, name: string, maxElements: number): SetDefinition {
  return { name, role, type: traits[role].type, family, hashSize: defaultHashSize, maxElements }
}
