/** Reads from the kernel everything that could be the director's. */
import { formatEndpoint } from '../../address.js'
import { DirectorError } from '../../errors.js'
import type { Iptables } from '../../iptables/program.js'
import { ownershipOf } from '../../iptables/ownership.js'
import type { IptablesState } from '../../iptables/types.js'
import type { ConfiguredService, Snapshot } from '../../ipvs/snapshot.js'
import type { Family, Server } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import type { LinkAddress } from '../../link/types.js'
import { sameServer, sameService } from '../state/compare.js'
import { type SetDefinition, spareName } from '../state/sets.js'
import { flowTableOf, readStaleFlows } from './clean-flows.js'
import { canonicalAddress } from '../input/ip.js'
import type { ResolvedOptions } from '../options.js'
import { atLeastSysctls } from '../plan/sysctls.js'
import {
  type HealthCheckState,
  type KernelState,
  keyOf,
  type LinkState,
  serviceKeyText,
  type SetState,
  type TimeoutState,
  type VirtualServerState,
} from '../state/state.js'
import { inTurns, paced, type Steps } from '../../turns.js'

export async function observeKernel(
  kernel: Kernel,
  iptables: Readonly<Record<Family, Iptables>>,
  healthChecks: ReadonlyMap<number, HealthCheckState>,
  planned: KernelState,
  options: ResolvedOptions,
): Promise<KernelState> {
  const [services, sets, rules, link, sysctls, timeouts, staleFlows] = await Promise.all([
    readServices(kernel, planned),
    readSets(kernel, planned),
    readRules(iptables, planned),
    readLink(kernel, options.names.link),
    readSysctls(kernel, planned),
    readTimeouts(kernel, planned),
    readStaleFlows(flowTableOf(kernel), planned),
  ])
  return { services, sets, iptables: rules, link, sysctls, timeouts, healthChecks, staleFlows }
}

/** What is as planned is taken from the plan, so that it is in memory once. */
async function readServices(kernel: Kernel, planned: KernelState): Promise<Map<string, VirtualServerState>> {
  return inTurns(comparingServices(await kernel.ipvs.snapshot(), planned))
}

function* comparingServices(table: Snapshot, planned: KernelState): Steps<Map<string, VirtualServerState>> {
  const result = new Map<string, VirtualServerState>()
  for (const service of table.configurations()) {
    const key = serviceKeyText(service)
    result.set(key, asPlanned(service, planned.services.get(key)) ?? asObserved(service))
    yield
  }
  return result
}

function asPlanned(
  observed: ConfiguredService,
  planned: VirtualServerState | undefined,
): VirtualServerState | undefined {
  if (planned === undefined || planned.servers.size !== observed.servers.length) return undefined
  if (!sameService(observed, planned.service)) return undefined
  const isSame = observed.servers.every((server) => {
    const wanted = planned.servers.get(formatEndpoint(server.address, server.port))
    return wanted !== undefined && sameServer(server, wanted)
  })
  return isSame ? planned : undefined
}

function asObserved(observed: ConfiguredService): VirtualServerState {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = observed
  const servers = new Map<string, Server>()
  for (const {
    address,
    port,
    forwarding,
    weight,
    upperThreshold,
    lowerThreshold,
    tunnel,
  } of observed.servers) {
    servers.set(formatEndpoint(address, port), {
      address,
      port,
      // The kernel says "local" of a server on the node itself, and "bypass" of none that anybody configured.
      forwarding: forwarding === 'local' || forwarding === 'bypass' ? 'masquerade' : forwarding,
      weight,
      ...(upperThreshold > 0 && { upperThreshold, lowerThreshold }),
      ...(tunnel !== undefined && { tunnel }),
    })
  }
  const service = {
    scheduler,
    schedulerFlags,
    onePacket,
    // Not first: see ipvs/rows.ts, serviceAt.
    ...keyOf(observed),
    ...(persistence !== undefined && { persistence }),
    ...(persistenceEngine !== undefined && { persistenceEngine }),
  }
  return { service, servers }
}

/** The planned sets that are there, and those that a process left which was killed while it made one of them larger. */
async function readSets(kernel: Kernel, planned: KernelState): Promise<Map<string, SetState>> {
  const result = new Map<string, SetState>()
  const spares = spareSets(planned)
  for (const { name, type, family = 'inet', maxelem } of await kernel.sets.list()) {
    const definition = planned.sets.get(name)?.definition
    if (definition === undefined) {
      const spare = spares.get(name)
      if (spare !== undefined) result.set(name, { definition: spare, entries: new Set() })
      continue
    }
    // One of another type is not the planned one: that one must be made in its place.
    if (definition.type !== type) continue
    if (type !== 'bitmap:port' && definition.family !== family) continue
    const maxElements = maxelem ?? definition.maxElements
    result.set(name, { definition: { ...definition, maxElements }, entries: await readEntries(kernel, name) })
  }
  return result
}

function spareSets(planned: KernelState): Map<string, SetDefinition> {
  const spares = new Map<string, SetDefinition>()
  for (const { definition } of planned.sets.values()) {
    const name = spareName(definition.name)
    spares.set(name, { ...definition, name })
  }
  return spares
}

/** Of a set, in ipset's own syntax. */
export async function readEntries(kernel: Kernel, name: string): Promise<Set<string>> {
  return inTurns(parsing(await kernel.sets.save(name)))
}

function* parsing(text: string): Steps<Set<string>> {
  const entries = new Set<string>()
  yield* paced(text.split('\n'), (line) => {
    // add NAME ENTRY [options]
    if (line.startsWith('add ')) entries.add(line.split(' ', 3)[2] ?? '')
  })
  return entries
}

async function readRules(
  iptables: Readonly<Record<Family, Iptables>>,
  planned: KernelState,
): Promise<Map<Family, IptablesState>> {
  const all = await Promise.all(
    [...planned.iptables].map(async ([family, wanted]): Promise<[Family, IptablesState]> => {
      return [family, await iptables[family].read(ownershipOf(wanted))]
    }),
  )
  return new Map(all.filter(([, { chains, jumps }]) => chains.size > 0 || jumps.length > 0))
}

async function readLink(kernel: Kernel, name: string): Promise<LinkState | undefined> {
  const addresses = await orNothing(['ENODEV'], () => kernel.links.addresses(name))
  if (addresses === undefined) return undefined
  // The kernel itself gives an IPv6 link that is up an address of the link's scope.
  const ours = addresses.filter(({ family, scope }) => family === 'inet' || scope === 'global')
  return { name, addresses: new Set(ours.map(addressText)) }
}

/** With its prefix where that is not the address alone: such a one is not what was planned, and is removed as it is. */
function addressText({ family, address, prefixLength }: LinkAddress): string {
  const text = canonicalAddress(address) ?? address
  return prefixLength === (family === 'inet' ? 32 : 128) ? text : `${text}/${prefixLength}`
}

async function readSysctls(kernel: Kernel, planned: KernelState): Promise<Map<string, string>> {
  const result = new Map<string, string>()
  for (const [name, wanted] of planned.sysctls) {
    const value = await orNothing(['ENOENT'], () => kernel.sysctls.get(name))
    if (value !== undefined) result.set(name, asWanted(name, value, wanted))
  }
  return result
}

/** More than what is asked for at least is as asked for. */
function asWanted(name: string, value: string, wanted: string): string {
  return atLeastSysctls.has(name) && Number(value) >= Number(wanted) ? wanted : value
}

async function readTimeouts(kernel: Kernel, planned: KernelState): Promise<TimeoutState> {
  if (planned.timeouts.size === 0) return new Map()
  const { tcpSeconds, tcpFinSeconds, udpSeconds } = await kernel.ipvs.timeouts()
  return new Map(Object.entries({ tcpSeconds, tcpFinSeconds, udpSeconds })) as TimeoutState
}

async function orNothing<T>(codes: readonly string[], read: () => PromiseLike<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (DirectorError.is(error) && codes.includes(error.code)) return undefined
    throw error
  }
}
