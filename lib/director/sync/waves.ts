/**
 * How the steps of a pass are made: one after the other, but for new addresses. An address needs no more than its own
 * services, and the kernel binds addresses beside whatever it does for IPVS: so a large step of services goes in parts,
 * and beside each part go the addresses of those before it.
 */
import type { Change } from '../state/changes.js'
import type { StepChanges } from '../state/order.js'

/** Changes that are made in their order and, where there are any, others that are made beside them. */
export type Wave = readonly [changes: readonly Change[], beside?: readonly Change[]]

/** Enough that the kernel has work while a part is packed, and few enough that addresses begin early. */
const mostInPart = 1024

/** Between the two lists of a wave nothing waits for anything; a wave waits for those before it. */
export function wavesOf(groups: readonly StepChanges[], servicesInPart = mostInPart): Wave[] {
  const at = groups.findIndex(({ step }) => step === 'services')
  const [services, addresses] = [groups[at], groups[at + 1]]
  // Servers that come to services that were there go between the two.
  if (services === undefined || addresses?.step !== 'addresses') return alone(groups)
  return [
    ...alone(groups.slice(0, at)),
    ...interleaved(parted(services.changes, servicesInPart), addresses.changes),
    ...alone(groups.slice(at + 2)),
  ]
}

function alone(groups: readonly StepChanges[]): Wave[] {
  return groups.map(({ changes }) => [changes])
}

function parted(changes: readonly Change[], size: number): Change[][] {
  return Array.from({ length: Math.ceil(changes.length / size) }, (_, nth) =>
    changes.slice(nth * size, (nth + 1) * size),
  )
}

/** Beside each part the addresses whose services are all in parts before it. */
function interleaved(parts: readonly Change[][], addresses: readonly Change[]): Wave[] {
  const lastPartOf = new Map<string, number>()
  for (const [nth, part] of parts.entries()) {
    for (const change of part)
      if ('service' in change && 'address' in change.service) lastPartOf.set(change.service.address, nth)
  }
  const ready: Change[][] = Array.from({ length: parts.length + 1 }, () => [])
  for (const change of addresses) {
    const last = change.type === 'addAddress' ? lastPartOf.get(change.address) : undefined
    ready[(last ?? parts.length - 1) + 1]?.push(change)
  }
  return ready.flatMap((bound, nth): Wave[] => {
    const part = parts[nth]
    if (part === undefined) return bound.length > 0 ? [[bound]] : []
    return [bound.length > 0 ? [part, bound] : [part]]
  })
}
