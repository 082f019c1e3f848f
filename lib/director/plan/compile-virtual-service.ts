/** From a plain virtual service to what it asks of the kernel. */
import type { Family } from '../../ipvs/types.js'
import type { NodeView } from './facts.js'
import { type Fragment, FragmentBuilder } from './fragment.js'
import { familyOf } from '../input/ip.js'
import type { ResolvedOptions } from '../options.js'
import type { SetRole } from '../state/sets.js'
import { traceOf } from '../state/trace.js'
import type { VirtualServiceSpec } from '../input/virtual-service.js'

/** A packet for an address on the dummy link is refused unless one of these sets names its port. */
const setBySourceNat = { auto: 'CLUSTER-IP', true: 'EXTERNAL-IP', false: 'EXTERNAL-IP-LOCAL' } as const

export function compileVirtualService(
  spec: VirtualServiceSpec,
  node: NodeView,
  options: ResolvedOptions,
): Fragment {
  const builder = new FragmentBuilder(
    spec.name,
    ` ${spec.name}`,
    spec.drainTimeoutSeconds ?? options.drainTimeoutSeconds,
  )
  const { service } = spec
  const family: Family = 'fwmark' in service ? service.family : familyOf(service.address)
  if (!options.families.includes(family)) return builder.build()
  const scheduler = service.scheduler ?? options.scheduler
  builder.addService(Object.assign({}, service, { scheduler }), spec.servers)
  // Port 0 means every port, which a set of ports cannot say, and a mark has no address: such services are neither
  // filtered nor masqueraded, and their entry only tells that they are ours.
  const isFiltered = !('fwmark' in service) && service.port > 0
  const role: SetRole = isFiltered ? setBySourceNat[`${spec.sourceNat}`] : 'CLUSTER-IP'
  builder.addEntry(options.names.set(role, family), traceOf(service))
  if ('fwmark' in service) return builder.build()
  if (spec.bind && !node.hasElsewhere(service.address)) {
    builder.addAddress(service.address)
    if (isFiltered) builder.addEntry(options.names.set('IPVS-IPS', family), service.address)
  }
  return builder.build()
}
