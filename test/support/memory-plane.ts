/** A data plane in memory: a kernel that refuses what it is told to refuse, and that others may change behind our back. */
import { MutableState } from '../../lib/director/state/apply.js'
import { singleChanges } from '../../lib/director/state/single-changes.js'
import type { Change } from '../../lib/director/state/changes.js'
import type {
  ChangeFailure,
  ConnectionCounts,
  DataPlane,
  PlaneFacts,
} from '../../lib/director/sync/data-plane.js'
import type { DrainingServer } from '../../lib/director/sync/drain.js'
import type { KernelState } from '../../lib/director/state/state.js'
import { DirectorError } from '../../lib/errors.js'

export class MemoryPlane implements DataPlane {
  kernel = new MutableState()
  facts_: PlaneFacts = {
    kernelRelease: '6.1.0',
    addresses: [{ interface: 'eth0', address: '192.0.2.10' }],
  }
  /** Every change that was made, in order. */
  readonly made: Change[] = []
  observations = 0
  closed = false
  statistics?: NonNullable<DataPlane['statistics']>
  missing?: NonNullable<DataPlane['missing']>
  watchFlows?: NonNullable<DataPlane['watchFlows']>
  /** Why a change is refused; by default none is. */
  refuse: (change: Change) => string | undefined = () => undefined
  /** Connections of every draining server. */
  connectionsEach = 0

  async facts(): Promise<PlaneFacts> {
    return this.facts_
  }

  async observe(): Promise<KernelState> {
    this.observations += 1
    return MutableState.from(this.kernel)
  }

  async make(changes: readonly Change[]): Promise<ChangeFailure[]> {
    const failures: ChangeFailure[] = []
    for (const change of changes) {
      const [first = change, ...servers] = singleChanges(change)
      // What becomes of a change as a whole is told by the same object, as the reconciler handed it over.
      if (!this.#makeOne(first, failures, change)) continue
      for (const server of servers) this.#makeOne(server, failures)
    }
    return failures
  }

  #makeOne(change: Change, failures: ChangeFailure[], told = change): boolean {
    const code = this.refuse(change) ?? this.#contradiction(change)
    if (code === undefined) {
      this.kernel.apply(change)
      this.made.push(change)
      return true
    }
    failures.push({ change: told, error: new DirectorError(`${change.type}: ${code}`, { code }) })
    return false
  }

  async connections(servers: readonly DrainingServer[]): Promise<ConnectionCounts> {
    const present = servers.filter(
      ({ key, serverKey }) => this.kernel.services.get(key)?.servers.has(serverKey) === true,
    )
    const counts = { activeConnections: this.connectionsEach, inactiveConnections: 0 }
    return new Map(present.map(({ key, serverKey }) => [`${key} ${serverKey}`, counts]))
  }

  async close(): Promise<void> {
    this.closed = true
  }

  /** The made changes of some types since the last call, described shortly. */
  take(...types: Change['type'][]): Change[] {
    const all = this.made.splice(0)
    return types.length === 0 ? all : all.filter(({ type }) => types.includes(type))
  }

  /** As IPVS refuses what does not fit what it has. */
  #contradiction(change: Change): string | undefined {
    const service = 'key' in change ? this.kernel.services.get(change.key) : undefined
    switch (change.type) {
      case 'addService':
        return service === undefined ? undefined : 'EEXIST'
      case 'updateService':
        return service === undefined ? 'ESRCH' : undefined
      case 'addServer':
        if (service === undefined) return 'ESRCH'
        return service.servers.has(change.serverKey) ? 'EEXIST' : undefined
      case 'updateServer':
        if (service === undefined) return 'ESRCH'
        return service.servers.has(change.serverKey) ? undefined : 'ENOENT'
      case 'addEntry':
        return this.kernel.sets.has(change.set) ? undefined : 'ENOENT'
      default:
        return undefined
    }
  }
}
