/** What the kernel lacks of what a plan needs. Asking makes it load modules that it has; nothing else changes. */
import type { Capability } from '../../capabilities.js'
import { UnsupportedFeatureError } from '../../errors.js'
import type { Iptables } from '../../iptables/program.js'
import type { Family } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import { inTurns, paced, type Steps } from '../../turns.js'
import type { KernelState } from '../state/state.js'
import type { MissingFeature } from '../sync/data-plane.js'

/** What is asked of an open kernel. */
export type AskedKernel = Pick<Kernel, 'forwardingCapabilities'>

/**
 * Set types, schedulers, dummy links and the match of sets in rules: without one of them some services, or all of them,
 * are not reached, and the rest can be programmed.
 *
 * @throws `ERR_UNSUPPORTED_FEATURE` without IPVS or without IP sets: then nothing can
 */
export async function findMissing(
  kernel: AskedKernel,
  iptables: Readonly<Record<Family, Pick<Iptables, 'whyNoSetMatch'>>>,
  planned: KernelState,
): Promise<MissingFeature[]> {
  const found = await kernel.forwardingCapabilities(await inTurns(schedulersOf(planned)))
  for (const [feature, capability] of [
    ['IPVS', found.ipvs],
    ['IP sets', found.sets],
  ] as const) {
    if (!capability.available) throw lacking(feature, capability)
  }
  const missing: MissingFeature[] = []
  for (const [scheduler, capability] of Object.entries(found.schedulers))
    if (isMissing(capability))
      missing.push({ error: lacking(`scheduler ${scheduler}`, capability), scheduler })
  const types = new Set<string>([...planned.sets.values()].map(({ definition }) => definition.type))
  for (const [type, capability] of Object.entries(found.setTypes))
    if (types.has(type) && isMissing(capability))
      missing.push({ error: lacking(`set type ${type}`, capability) })
  if (!found.dummyLinks.available) missing.push({ error: lacking('dummy links', found.dummyLinks) })
  const matches = [...planned.iptables.keys()].map(
    async (family) => [family, await iptables[family].whyNoSetMatch()] as const,
  )
  for (const [family, reason] of await Promise.all(matches)) {
    if (reason !== undefined) missing.push({ error: withoutSetMatch(family, reason) })
  }
  return missing
}

function* schedulersOf({ services }: KernelState): Steps<string[]> {
  const names = new Set<string>()
  yield* paced(services.values(), ({ service }) => names.add(service.scheduler ?? 'wlc'))
  return [...names].sort()
}

/** Where the kernel did not say, the service will tell. */
function isMissing({ available, remedy }: Capability): boolean {
  return !available && remedy !== undefined
}

function lacking(feature: string, { reason = '', remedy = '' }: Capability): UnsupportedFeatureError {
  return new UnsupportedFeatureError(feature, reason, remedy, { operation: 'sync' })
}

function withoutSetMatch(family: Family, reason: string): UnsupportedFeatureError {
  const program = family === 'inet' ? 'iptables' : 'ip6tables'
  return new UnsupportedFeatureError(`the match of sets in ${program}`, reason, 'modprobe xt_set', {
    operation: 'sync',
  })
}
