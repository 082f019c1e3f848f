/**
 * Which of a node's virtual services are ours. A service of ours always has an entry in one of our sets from before it
 * is made until after it is removed (see `traceOf()`), so that this can be told from the kernel alone, also after a crash.
 */
import type { ResolvedOptions } from '../options.js'
import { familyOf, prefixHolds } from '../input/ip.js'
import type { SetRole } from '../state/sets.js'
import { emptyState, type KernelState, type VirtualServerState } from '../state/state.js'
import { traceOf } from '../state/trace.js'
import { paced, type Steps } from '../../turns.js'
import type { Doubt } from '../plan/refusals.js'
import { withoutDoubtful } from './doubt.js'

const addressSets: readonly SetRole[] = ['CLUSTER-IP', 'EXTERNAL-IP', 'EXTERNAL-IP-LOCAL', 'LOAD-BALANCER']
const nodePortSets = {
  tcp: 'NODE-PORT-TCP',
  udp: 'NODE-PORT-UDP',
  sctp: 'NODE-PORT-SCTP-HASH',
} as const satisfies Record<string, SetRole>

/** What is known besides what the kernel shows. */
export interface Known {
  readonly options: ResolvedOptions
  readonly planned: KernelState
  /** What the kernel held by our own doing when it was last looked at. */
  readonly held: KernelState | undefined
  /** There is some while what a refused object asked for before may be there. */
  readonly doubt: Doubt | undefined
  /** Whether the node has the address, apart from those that some director bound. */
  isNodeAddress(address: string): boolean
}

/** Whether we know it for ours: one that is wished, or that was as wished and may not have gone since. */
function ownerOf(key: string, { planned, held }: Known): string | undefined {
  return planned.services.get(key)?.owner ?? held?.services.get(key)?.owner
}

/** Whether one of our sets, as observed, has the service's address and port. */
function isMarkedOurs(state: VirtualServerState, observed: KernelState, known: Known): boolean {
  const { service } = state
  const { options } = known
  const family = 'fwmark' in service ? service.family : familyOf(service.address)
  const has = (role: SetRole, entry: string): boolean =>
    observed.sets.get(options.names.set(role, family))?.entries.has(entry) === true
  const entry = traceOf(service)
  if (addressSets.some((role) => has(role, entry))) return true
  if ('fwmark' in service) return false
  if (service.protocol === 'sctp') return has(nodePortSets.sctp, entry)
  // The set has the port alone, which others may use as well, on addresses that are none of the node's.
  return has(nodePortSets[service.protocol], String(service.port)) && known.isNodeAddress(service.address)
}

export function isExcluded(address: string, options: ResolvedOptions): boolean {
  // An address on the link may come with its prefix.
  const [host = address] = address.split('/')
  return options.excludeCidrs.some((prefix) => prefixHolds(prefix, host))
}

/**
 * The observed state without what must be left alone: families that we do not plan for, excluded prefixes, and, where
 * foreign services are kept, services that are neither ours nor planned; and without what is in doubt.
 */
export function* withoutForeign(observed: KernelState, known: Known): Steps<KernelState> {
  const services = new Map<string, VirtualServerState>()
  yield* paced(observed.services, ([key, state]) => {
    const owner = ownerOf(key, known)
    // Who it was remembered for stays with it, until it is gone.
    if (owner !== undefined) services.set(key, state.owner === undefined ? { ...state, owner } : state)
    else if (isOursToJudge(state, observed, known)) services.set(key, state)
  })
  const link = yield* linkWithoutForeign(observed, known.planned, known.options)
  const ours = { ...observed, services, link }
  return known.doubt === undefined ? ours : yield* withoutDoubtful(ours, known.doubt, known)
}

/** Whether a service that nobody here wishes is one that we may remove. */
function isOursToJudge(state: VirtualServerState, observed: KernelState, known: Known): boolean {
  const { service } = state
  const { options } = known
  const family = 'fwmark' in service ? service.family : familyOf(service.address)
  if (!options.families.includes(family)) return false
  if (!('fwmark' in service) && isExcluded(service.address, options)) return false
  return options.foreignServices !== 'keep' || isMarkedOurs(state, observed, known)
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
export function onlyOurs(observed: KernelState, known: Known): KernelState {
  const services = new Map(
    [...observed.services].filter(
      ([key, state]) => ownerOf(key, known) !== undefined || isMarkedOurs(state, observed, known),
    ),
  )
  return { ...observed, services }
}

/** What is left when we have cleaned up: settings, and the link where it holds addresses that must be left alone. */
export function afterCleanup(ours: KernelState, options: ResolvedOptions): KernelState {
  const kept = [...(ours.link?.addresses ?? [])].filter((address) => isExcluded(address, options))
  const link = ours.link && kept.length > 0 ? { name: ours.link.name, addresses: new Set(kept) } : undefined
  return { ...emptyState(), link, sysctls: ours.sysctls, timeouts: ours.timeouts }
}
