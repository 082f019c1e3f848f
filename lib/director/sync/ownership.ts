/**
 * Which of a node's virtual services are ours. A service of ours always has an entry in one of our sets from before it
 * is made until after it is removed, so that this can be told from the kernel alone, also after a crash.
 */
import type { ResolvedOptions } from '../options.js'
import { familyOf, prefixHolds } from '../input/ip.js'
import type { SetRole } from '../state/sets.js'
import { emptyState, type KernelState, type VirtualServerState } from '../state/state.js'
import { paced, type Steps } from '../../turns.js'

const addressSets: readonly SetRole[] = ['CLUSTER-IP', 'EXTERNAL-IP', 'EXTERNAL-IP-LOCAL', 'LOAD-BALANCER']
const nodePortSets = {
  tcp: 'NODE-PORT-TCP',
  udp: 'NODE-PORT-UDP',
  sctp: 'NODE-PORT-SCTP-HASH',
} as const satisfies Record<string, SetRole>

/** Whether one of our sets, as observed, has the service's address and port. */
export function isOurs(state: VirtualServerState, observed: KernelState, options: ResolvedOptions): boolean {
  const { service } = state
  // Nothing in the kernel tells whose a firewall mark is.
  if ('fwmark' in service) return false
  const family = familyOf(service.address)
  const has = (role: SetRole, entry: string): boolean =>
    observed.sets.get(options.names.set(role, family))?.entries.has(entry) === true
  const entry = `${service.address},${service.protocol}:${service.port}`
  if (addressSets.some((role) => has(role, entry))) return true
  return has(nodePortSets[service.protocol], service.protocol === 'sctp' ? entry : String(service.port))
}

export function isExcluded(address: string, options: ResolvedOptions): boolean {
  // An address on the link may come with its prefix.
  const [host = address] = address.split('/')
  return options.excludeCidrs.some((prefix) => prefixHolds(prefix, host))
}

/**
 * The observed state without what must be left alone: families that we do not plan for, excluded prefixes, and, where
 * foreign services are kept, services that are neither ours nor planned.
 */
export function* withoutForeign(
  observed: KernelState,
  planned: KernelState,
  options: ResolvedOptions,
): Steps<KernelState> {
  const services = new Map<string, VirtualServerState>()
  yield* paced(observed.services, ([key, state]) => {
    if (planned.services.has(key) || isOursToJudge(state, observed, options)) services.set(key, state)
  })
  return { ...observed, services, link: yield* linkWithoutForeign(observed, planned, options) }
}

/** Whether a service that nobody here wishes is one that we may remove. */
function isOursToJudge(state: VirtualServerState, observed: KernelState, options: ResolvedOptions): boolean {
  const { service } = state
  const family = 'fwmark' in service ? service.family : familyOf(service.address)
  if (!options.families.includes(family)) return false
  if (!('fwmark' in service) && isExcluded(service.address, options)) return false
  return options.foreignServices !== 'keep' || isOurs(state, observed, options)
}

function* linkWithoutForeign(
  observed: KernelState,
  planned: KernelState,
  options: ResolvedOptions,
): Steps<KernelState['link']> {
  const { link } = observed
  if (link === undefined) return undefined
  const addresses = new Set<string>()
  yield* paced(link.addresses, (address) => {
    const isOurs = options.families.includes(familyOf(address)) && !isExcluded(address, options)
    if (isOurs || planned.link?.addresses.has(address) === true) addresses.add(address)
  })
  return { name: link.name, addresses }
}

/** The observed state without everything that is not ours for certain, whatever the options say about foreign services. */
export function onlyOurs(observed: KernelState, options: ResolvedOptions): KernelState {
  const services = new Map([...observed.services].filter(([, state]) => isOurs(state, observed, options)))
  return { ...observed, services }
}

/** What is left when we have cleaned up: settings, and the link where it holds addresses that must be left alone. */
export function afterCleanup(ours: KernelState, options: ResolvedOptions): KernelState {
  const kept = [...(ours.link?.addresses ?? [])].filter((address) => isExcluded(address, options))
  const link = ours.link && kept.length > 0 ? { name: ours.link.name, addresses: new Set(kept) } : undefined
  return { ...emptyState(), link, sysctls: ours.sysctls, timeouts: ours.timeouts }
}
