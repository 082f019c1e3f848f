/**
 * Brings a data plane to the planned state and keeps the picture of what it holds: incrementally where only known parts
 * changed, by reading everything where nobody knows. One pass at a time; the caller sees to that.
 */
import { familyOf } from '../input/ip.js'
import { MutableState } from '../state/apply.js'
import { changeKey, isInScope } from '../state/change-key.js'
import { type Change, isServerChange } from '../state/changes.js'
import { sameServer, sameService } from '../state/compare.js'
import type { ChangeFailure, DataPlane } from './data-plane.js'
import { withDoubtfulRules } from './doubt.js'
import { comparing } from '../state/diff.js'
import { type DrainingServer, Drains } from './drain.js'
import { contradictsPicture, makeSteps } from './make-steps.js'
import { groupBySteps, grouping, orderChanges, type StepChanges } from '../state/order.js'
import { afterCleanup, type Known, onlyOurs, withoutForeign } from './ownership.js'
import type { Planner } from '../plan/planner.js'
import type { Doubt } from '../plan/refusals.js'
import { type Failure, Retries } from './retries.js'
import { singleChanges } from '../state/single-changes.js'
import { emptyScope, isEmptyScope, type Scope, widenScope } from '../state/scope.js'
import type { KernelState, VirtualServerState } from '../state/state.js'
import { inTurns, type Steps } from '../../turns.js'

export interface Pass {
  /** Changes that were made; a new service with all of its servers is one, see `singleChanges()`. */
  readonly changes: readonly Change[]
  readonly failed: readonly Failure[]
  /** Changes that the option `allowedChanges` forbids. */
  readonly withheld: readonly Change[]
  /** Of the changes, those that repair what others did. Only a pass that read everything knows. */
  readonly drift: readonly Change[]
  /** Servers that began to drain. */
  readonly draining: readonly DrainingServer[]
  /** Whether everything was read. */
  readonly full: boolean
}

const nothing: Pass = { changes: [], failed: [], withheld: [], drift: [], draining: [], full: false }

export class Reconciler {
  readonly drains = new Drains()
  readonly retries = new Retries()
  /** What the plane holds, as far as we know; `undefined` before the first look. */
  #held: MutableState | undefined
  #mustLook = true
  /** What was in doubt when we last looked: not in the picture. */
  #doubt: Doubt | undefined
  /** What a pass took from the planner and has not made yet: if it breaks off, the next one finds it here. */
  #taken = emptyScope()
  /** By their keys. */
  readonly #withheld = new Map<string, Change>()

  constructor(
    private readonly planner: Planner,
    private readonly plane: DataPlane,
    private readonly now: () => number,
  ) {}

  /** Changes that are wanted and not allowed. */
  get withheld(): readonly Change[] {
    return orderChanges([...this.#withheld.values()])
  }

  /** Something happened that the picture does not show: the next pass reads everything. */
  forgetPicture(): void {
    this.#mustLook = true
  }

  /** What a pass would do, without doing it. Reads everything. */
  async preview(): Promise<Pick<Pass, 'changes' | 'withheld'>> {
    await inTurns(this.planner.compile())
    const { compiled } = this.planner
    const observed = await this.plane.observe(compiled)
    const ours = await inTurns(withoutForeign(observed, this.#known()))
    const { allowed, withheld } = this.#divide(await inTurns(comparing(ours, this.#target(ours))))
    const made = allowed.flatMap((change) => this.drains.asMade(change, this.#drainTimeout) ?? [])
    return {
      // As it would be made: a new service, and at once its servers.
      changes: flat(await inTurns(grouping(made))).flatMap(singleChanges),
      withheld: flat(await inTurns(grouping(withheld))),
    }
  }

  /** Makes what was touched since the last pass, and what is due to be tried again. */
  async pass(): Promise<Pass> {
    const held = this.#held
    if (held === undefined || this.#mustLook || this.#doubt !== this.planner.doubt) return this.fullPass()
    return this.#orForget(() => this.#incrementalPass(held))
  }

  async #incrementalPass(held: MutableState): Promise<Pass> {
    await inTurns(this.planner.compile())
    const scope = (this.#taken = this.planner.takeScope())
    if (this.retries.size > 0) this.#widenForFailures(scope)
    if (isEmptyScope(scope)) return nothing
    const wanted = await inTurns(comparing(held, this.#target(held), scope))
    this.retries.settle(wanted, scope)
    return this.#make(held, wanted, [], scope)
  }

  /** By what is due to be tried again, what may be ready with that, and what must be there before it. */
  #widenForFailures(scope: Scope): void {
    widenScope(scope, this.retries.due(this.now()))
    tryBefore(scope)
    widenScope(scope, this.retries.waiting(scope))
    tryBefore(scope)
  }

  /** Reads everything, and repairs what is not as planned. */
  fullPass(): Promise<Pass> {
    return this.#orForget(async () => {
      // Nothing can have drifted from what was never programmed, or comes into the picture now.
      const isNews = this.#held === undefined || this.#doubt !== this.planner.doubt
      const held = await this.#look()
      const wanted = await inTurns(comparing(held, this.#target(held)))
      const drift = isNews ? [] : this.#driftAmong(wanted, this.#taken)
      this.retries.settle(wanted)
      return { ...(await this.#make(held, wanted, drift)), full: true }
    })
  }

  /** Reads everything: the new picture. */
  async #look(): Promise<MutableState> {
    const before = this.#held
    await this.#take()
    const observed = await this.plane.observe(this.planner.compiled)
    this.#mustLook = false
    // What was touched while we read is no drift either.
    await this.#take()
    const { compiled, doubt } = this.planner
    this.#doubt = doubt
    const ours = await inTurns(withoutForeign(observed, this.#known()))
    const held = await inTurns(MutableState.copying(ours))
    // Nothing in the kernel tells of flows to a service that is gone: what is not cleaned up yet is known here alone.
    for (const [key, service] of before?.staleFlows ?? [])
      if (!compiled.services.has(key)) held.staleFlows.set(key, service)
    this.#held = held
    return held
  }

  async #take(): Promise<void> {
    await inTurns(this.planner.compile())
    const scope = this.planner.takeScope()
    // Of a cold start it is large, and nothing needs to be added to it.
    if (isEmptyScope(this.#taken)) this.#taken = scope
    else widenScope(this.#taken, scope)
  }

  /** Where work breaks off, nobody knows what was made. */
  async #orForget<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.forgetPicture()
      throw error
    }
  }

  /** Takes away everything that is ours, read from the kernel alone: it does not matter what was wished. */
  async cleanup(): Promise<Pass> {
    const { ours, groups } = await this.#planCleanup()
    const failures = await this.#run(MutableState.from(ours), groups)
    this.#held = undefined
    const failed = failures.map((one) => ({ ...one, attempts: 1, retryAt: Infinity }))
    const undone = new Set(failures.map(({ change }) => change))
    return { ...nothing, changes: flat(groups).filter((change) => !undone.has(change)), failed, full: true }
  }

  async previewCleanup(): Promise<Change[]> {
    return flat((await this.#planCleanup()).groups)
  }

  /** Removes draining servers that are idle or out of time. */
  async finishDrains(): Promise<Pass> {
    const held = this.#held
    if (this.drains.size === 0 || held === undefined) return nothing
    return this.#orForget(() => this.#finishDrains(held))
  }

  async #finishDrains(held: MutableState): Promise<Pass> {
    const counts = await this.plane.connections(this.drains.list())
    const before = new Map(this.drains.list().map((server) => [serverId(server), server]))
    const removals = this.drains.finish(this.now(), (server) => counts.get(serverId(server)))
    for (const [id, { key, serverKey }] of before) {
      if (!counts.has(id)) this.#forgetServer(key, serverKey)
    }
    const failures = await this.#run(held, groupBySteps(removals))
    for (const { change } of failures) {
      const draining = 'serverKey' in change ? before.get(serverId(change)) : undefined
      if (draining !== undefined) this.drains.resume(draining)
    }
    return {
      ...nothing,
      changes: removals.filter((change) => !failures.some((one) => one.change === change)),
    }
  }

  async #planCleanup(): Promise<{ ours: KernelState; groups: StepChanges[] }> {
    await inTurns(this.planner.compile())
    const { compiled, options } = this.planner
    const ours = onlyOurs(await this.plane.observe(compiled), this.#known())
    const changes = await inTurns(comparing(ours, afterCleanup(ours, options)))
    return { ours, groups: await inTurns(grouping(changes)) }
  }

  async #make(
    held: MutableState,
    wanted: readonly Change[],
    drift: readonly Change[],
    scope?: Scope,
  ): Promise<Pass> {
    const { allowed, withheld } = this.#divide(wanted)
    this.#withhold(withheld, scope)
    const known = new Set(this.drains.list())
    const begun = this.drains.begin(allowed, this.now(), this.#drainTimeout)
    const groups = await inTurns(grouping(begun))
    const failures = await this.#run(held, groups)
    await inTurns(this.#shareWithPlan(held, scope?.services ?? changedInPart(begun)))
    this.#taken = emptyScope()
    const failed = new Set(failures.map(({ change }) => change))
    const changes = flat(groups)
    return {
      changes: failed.size === 0 ? changes : changes.filter((change) => !failed.has(change)),
      failed: failures.map((failure) => this.retries.failed(failure, this.now())),
      withheld: this.withheld,
      drift,
      draining: this.drains.list().filter((server) => !known.has(server)),
      full: false,
    }
  }

  /** What may be made and what may not. Servers of a service that may not be added may not either. */
  #divide(wanted: readonly Change[]): { allowed: readonly Change[]; withheld: readonly Change[] } {
    const { allowedChanges } = this.planner.options
    if (allowedChanges === undefined) return { allowed: wanted, withheld: [] }
    const allowed: Change[] = []
    const withheld: Change[] = []
    for (const change of wanted) {
      // A removal that begins with weight 0 is both.
      const made = this.drains.asMade(change, this.#drainTimeout)
      const mayBe = allowedChanges.has(change.type) && (made === undefined || allowedChanges.has(made.type))
      if (!mayBe) withheld.push(...singleChanges(change))
      else if (change.type !== 'addService' || allowedChanges.has('addServer')) allowed.push(change)
      else {
        const [service = change, ...servers] = singleChanges(change)
        allowed.push(service)
        withheld.push(...servers)
      }
    }
    return { allowed, withheld }
  }

  /** Remembers what is withheld, besides what a pass over the scope (absent: over everything) did not look at. */
  #withhold(withheld: readonly Change[], scope: Scope | undefined): void {
    for (const [key, change] of this.#withheld)
      if (scope === undefined || isInScope(change, scope)) this.#withheld.delete(key)
    for (const change of withheld) this.#withheld.set(changeKey(change), change)
  }

  async #run(held: MutableState, groups: readonly StepChanges[]): Promise<ChangeFailure[]> {
    const { plane, retries } = this
    const failures = await makeSteps({ plane, planned: this.planner.compiled, held, retries }, groups)
    // The next pass looks again.
    if (failures.some(contradictsPicture)) this.#mustLook = true
    return failures
  }

  /** Once a service is as planned its servers need not be kept twice. */
  *#shareWithPlan(held: MutableState, services: Iterable<string>): Steps {
    const planned = this.planner.compiled.services
    for (const key of services) {
      const [have, want] = [held.services.get(key), planned.get(key)]
      if (have !== undefined && want !== undefined && have !== want && isSame(have, want))
        held.services.set(key, want)
      yield
    }
  }

  #driftAmong(wanted: readonly Change[], touched: Scope): Change[] {
    const drift = wanted.flatMap(singleChanges).flatMap((change) => {
      if (this.retries.has(change) || isInScope(change, touched)) return []
      // Clients make flows, not somebody who meddles.
      if (change.type === 'cleanFlows') return []
      const isDraining = change.type === 'removeServer' && this.drains.has(change.key, change.serverKey)
      // As it should be, unless somebody gave it weight.
      return isDraining ? (this.drains.asMade(change, this.#drainTimeout) ?? []) : change
    })
    return orderChanges(drift)
  }

  /** What the kernel should come to from what we hold. */
  #target(held: KernelState): KernelState {
    const { compiled, doubt } = this.planner
    return doubt === undefined ? compiled : withDoubtfulRules(held, compiled)
  }

  #known(): Known {
    const { planner } = this
    return {
      options: planner.options,
      planned: planner.compiled,
      held: this.#held,
      doubt: planner.doubt,
      isNodeAddress: (address) => planner.isNodeAddress(address),
    }
  }

  readonly #drainTimeout = (key: string): number =>
    this.planner.compiled.services.get(key)?.drainTimeoutSeconds ?? this.planner.options.drainTimeoutSeconds

  /** Gone from the kernel without our doing. */
  #forgetServer(key: string, serverKey: string): void {
    const present = this.#held?.services.get(key)
    if (present?.servers.has(serverKey) === true) this.#mustLook = true
  }
}

/** Services of which some part changed: what is new or gone as a whole is shared, or not there. */
function changedInPart(changes: readonly Change[]): Set<string> {
  const keys = new Set<string>()
  for (const change of changes)
    if (change.type === 'updateService' || isServerChange(change)) keys.add(change.key)
  return keys
}

function flat(groups: readonly StepChanges[]): Change[] {
  return groups.flatMap(({ changes }) => changes)
}

function serverId({ key, serverKey }: { readonly key: string; readonly serverKey: string }): string {
  return `${key} ${serverKey}`
}

/** An address waits for the link and for the rules of its family: whoever binds one tries them again. */
function tryBefore(scope: Scope): void {
  for (const address of scope.addresses) scope.iptables.add(familyOf(address))
  if (scope.addresses.size > 0) scope.singles.add('link')
}

function isSame(have: VirtualServerState, want: VirtualServerState): boolean {
  if (have.servers.size !== want.servers.size || !sameService(have.service, want.service)) return false
  for (const [key, server] of want.servers) {
    const present = have.servers.get(key)
    if (present === undefined || !sameServer(present, server)) return false
  }
  return true
}
