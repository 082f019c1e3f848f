/** The data plane of one network namespace: IPVS, IP sets, iptables, a dummy link, sysctls, conntrack. */
import { cpus, release } from 'node:os'
import { formatEndpoint } from '../../address.js'
import { DirectorError } from '../../errors.js'
import { Iptables, type IptablesOptions } from '../../iptables/program.js'
import type { IpvsStatistics } from '../../ipvs/statistics.js'
import type { Snapshot } from '../../ipvs/snapshot.js'
import type { Family, ServerState } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import type { Change } from '../state/changes.js'
import type {
  ChangeFailure,
  ConnectionCounts,
  DataPlane,
  FlowsCleaned,
  MissingFeature,
  PlaneFacts,
} from '../sync/data-plane.js'
import type { DrainingServer } from '../sync/drain.js'
import type { ResolvedOptions } from '../options.js'
import { type KernelState, serviceKeyText } from '../state/state.js'
import { inTurns, type Steps } from '../../turns.js'
import { makeInBatch } from './batch-changes.js'
import { cleanFlows, flowTableOf } from './clean-flows.js'
import { HealthCheckServers } from './health-check-servers.js'
import { isAtLeast, primaryAddresses, usableIptables } from './node-facts.js'
import { observeKernel } from './observe.js'
import { type BatchedChange, isBatched } from './piece.js'
import { createSet, destroySet, growSet } from './set-changes.js'
import { findMissing } from './start-check.js'

export interface KernelPlaneOptions {
  /** The namespace that `kernel` was opened in, for the programs of iptables. @default the caller's own */
  readonly netns?: string | undefined
  /** @default what the host uses */
  readonly iptables?: IptablesOptions['variant']
}

/** Beyond this share of all services, one dump of everything costs less than asking for each. */
const mostSingleQuestions = 1 / 4

export class KernelPlane implements DataPlane {
  readonly #iptables: Readonly<Record<Family, Iptables>>
  readonly #healthChecks: HealthCheckServers
  #onCleaned: (event: FlowsCleaned) => void = () => undefined
  /** About how many virtual services there are: seen at the last look, or planned since. */
  #serviceCount = 0

  constructor(
    private readonly kernel: Kernel,
    private readonly options: ResolvedOptions,
    { netns, iptables: variant }: KernelPlaneOptions = {},
  ) {
    this.#healthChecks = new HealthCheckServers((port, address) => kernel.bindPort(port, address))
    const programs = { netns, variant }
    this.#iptables = { inet: new Iptables('inet', programs), inet6: new Iptables('inet6', programs) }
  }

  async facts(): Promise<PlaneFacts> {
    const { families } = this.options
    const addresses = await this.kernel.links.addresses()
    const { versions, unavailable } = await usableIptables(this.#iptables, families)
    return {
      addresses: addresses.map(({ link, address }) => ({ interface: link, address })),
      primary: await primaryAddresses(this.kernel, addresses, families),
      kernelRelease: release(),
      // All that run, whichever of them this process may use: the table is the machine's.
      processors: Math.max(1, cpus().length),
      iptablesRandomFully: versions.every((version) => isAtLeast(version, [1, 6, 2])),
      ...(Object.keys(unavailable).length > 0 && { unavailable }),
    }
  }

  missing(planned: KernelState): Promise<MissingFeature[]> {
    return findMissing(this.kernel, this.#iptables, planned)
  }

  async observe(planned: KernelState): Promise<KernelState> {
    const checks = this.#healthChecks.states()
    const state = await observeKernel(this.kernel, this.#iptables, checks, planned, this.options)
    this.#serviceCount = state.services.size
    return state
  }

  async make(changes: readonly Change[], planned: KernelState): Promise<ChangeFailure[]> {
    this.#serviceCount = planned.services.size
    const failures: ChangeFailure[] = []
    const batched: BatchedChange[] = []
    const rules: Promise<void>[] = []
    const flows: CleanFlowsChange[] = []
    for (const change of changes) {
      if (isBatched(change)) batched.push(change)
      else if (change.type === 'cleanFlows') flows.push(change)
      // The families' programs do not touch each other.
      else if (change.type === 'writeRules')
        rules.push(collect(failures, change, () => this.#makeOne(change, planned)))
      else await collect(failures, change, () => this.#makeOne(change, planned))
    }
    await Promise.all(rules)
    failures.push(...(await this.#cleanFlows(flows, planned)))
    if (batched.length > 0) failures.push(...(await makeInBatch(this.kernel, batched)))
    return failures
  }

  async connections(servers: readonly DrainingServer[]): Promise<ConnectionCounts> {
    const services = new Map(servers.map(({ key, service }) => [key, service]))
    if (services.size > this.#serviceCount * mostSingleQuestions) {
      return inTurns(countingAll(await this.kernel.ipvs.snapshot(), services))
    }
    const counts: Counts = new Map()
    for (const [key, service] of services) addCounts(counts, key, await this.kernel.ipvs.servers(service))
    return counts
  }

  statistics(): Promise<IpvsStatistics> {
    return this.kernel.ipvs.statistics()
  }

  watchHealth(isHealthy: () => boolean): void {
    this.#healthChecks.isHealthy = isHealthy
  }

  watchFlows(onCleaned: (event: FlowsCleaned) => void): void {
    this.#onCleaned = onCleaned
  }

  close(): Promise<void> {
    return this.#healthChecks.close()
  }

  /** One walk of the table for all of them, so that they succeed or fail together. */
  async #cleanFlows(changes: readonly CleanFlowsChange[], planned: KernelState): Promise<ChangeFailure[]> {
    const table = flowTableOf(this.kernel)
    if (table === undefined || changes.length === 0) return []
    const services = changes.map(({ service }) => service)
    const began = performance.now()
    try {
      const deleted = await cleanFlows(table, services, planned)
      this.#onCleaned({ deleted, durationMs: performance.now() - began })
      return []
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return changes.map((change) => ({ change, error }))
    }
  }

  async #makeOne(change: Change, planned: KernelState): Promise<void> {
    const { kernel } = this
    switch (change.type) {
      case 'setSysctl':
        return kernel.sysctls.set(change.name, change.value)
      case 'setTimeouts':
        return kernel.ipvs.setTimeouts(Object.fromEntries(change.timeouts))
      case 'createSet':
        return createSet(kernel, change.definition)
      case 'growSet':
        return growSet(kernel, change.definition, planned)
      case 'destroySet':
        return destroySet(kernel, change.definition.name)
      case 'createLink':
        await kernel.links.createDummy(change.name, { ifExists: 'keep' })
        return
      case 'removeLink':
        return removeDummy(kernel, change.name)
      case 'writeRules':
        return this.#iptables[change.family].write(change.rules)
      case 'openHealthCheck':
      case 'updateHealthCheck':
        return this.#healthChecks.set(change.port, change.check)
      case 'closeHealthCheck':
        return this.#healthChecks.remove(change.port)
      default:
        throw new DirectorError(`${change.type} goes in a batch`, { code: 'ERR_INTERNAL' })
    }
  }
}

type CleanFlowsChange = Extract<Change, { readonly type: 'cleanFlows' }>

type Counts = Map<string, { activeConnections: number; inactiveConnections: number }>

function* countingAll(table: Snapshot, services: ReadonlyMap<string, unknown>): Steps<Counts> {
  const counts: Counts = new Map()
  for (const service of table) {
    const key = serviceKeyText(service)
    if (services.has(key)) addCounts(counts, key, service.servers)
    yield
  }
  return counts
}

function addCounts(counts: Counts, key: string, servers: readonly ServerState[]): void {
  for (const { address, port, activeConnections, inactiveConnections } of servers) {
    counts.set(`${key} ${formatEndpoint(address, port)}`, { activeConnections, inactiveConnections })
  }
}

async function collect(failures: ChangeFailure[], change: Change, make: () => Promise<void>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    failures.push({ change, error })
  }
}

/** A link of our name that is not a dummy was made by somebody else, for something else. */
async function removeDummy(kernel: Kernel, name: string): Promise<void> {
  const { kind = 'hardware' } = await kernel.links.get(name)
  if (kind !== 'dummy') {
    throw new DirectorError(`${name} is a ${kind} link, and not ours to remove`, {
      code: 'EEXIST',
      operation: 'removeLink',
    })
  }
  await kernel.links.remove(name, { ifMissing: 'ignore' })
}
