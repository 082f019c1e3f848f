/**
 * Holds what is wanted and keeps the plan for it up to date, one service at a time. Pure memory: no input or output.
 * The parts of the plan that a change touched are collected until somebody takes them.
 */
import type { Family } from '../../ipvs/types.js'
import { type NodeFacts, type NodeView, viewNode } from './facts.js'
import type { Fragment, TrafficPolicy } from './fragment.js'
import type { KubernetesEndpointSlice, KubernetesMetadata, KubernetesService } from '../input/kubernetes.js'
import { Ledger } from './ledger.js'
import { type Doubt, nameService, nameSlice, nameVirtualService, Refusals } from './refusals.js'
import { type DirectorOptions, type ResolvedOptions, resolveOptions } from '../options.js'
import { differing } from '../state/difference.js'
import { emptyScope, type Scope } from '../state/scope.js'
import { objectName, readService } from '../input/service-spec.js'
import { readSlice, sliceService } from '../input/slice-spec.js'
import { emptyState, type KernelState } from '../state/state.js'
import { atOnce, type Steps } from '../../turns.js'
import { readVirtualService, type VirtualService, virtualServiceName } from '../input/virtual-service.js'
import { ServiceWish, VirtualWish, type Wish } from './wish.js'

/** What names a Kubernetes object: the object itself, its metadata, or `namespace/name`. */
export type ObjectReference = string | { readonly metadata?: KubernetesMetadata | null | undefined }

interface FormerPlan {
  readonly state: KernelState
  /** What nobody had taken yet. */
  readonly touched: Scope
}

export class Planner {
  readonly #wished: ResolvedOptions
  #options: ResolvedOptions
  #unavailable: ReadonlyMap<Family, string> = new Map()
  #node: NodeView | undefined
  #ledger: Ledger | undefined
  /** The plan for the node as it was, while that for the node as it is now is being made. */
  #former: FormerPlan | undefined
  readonly #services = new Map<string, ServiceWish>()
  /** A plain service may have the name of a Kubernetes one. */
  readonly #virtualServices = new Map<string, VirtualWish>()
  readonly #serviceOfSlice = new Map<string, string>()
  readonly #refusals = new Refusals()
  /** Wishes that must be compiled again. */
  readonly #stale = new Set<Wish>()
  /** Those of the fragments that could not be planned as wished: so few that all of them can be looked at after a pass. */
  readonly #troubled = new Set<Fragment>()
  #withoutLocal: Record<TrafficPolicy, number> = { internal: 0, external: 0 }

  /**
   * Without facts the wishes are collected, and planned once {@link updateFacts} brings them.
   *
   * @throws InvalidArgumentError naming the fact or the option
   */
  constructor(facts?: NodeFacts, options: DirectorOptions = {}) {
    this.#wished = resolveOptions(options)
    this.#options = this.#wished
    if (facts !== undefined) this.updateFacts(facts)
  }

  /** As they were given, without the families that the node cannot serve. */
  get options(): ResolvedOptions {
    return this.#options
  }

  /** Families that were asked for and that the node cannot serve, and why. */
  get unavailable(): ReadonlyMap<Family, string> {
    return this.#unavailable
  }

  /** The plan for all that is wished now, as a live view; empty while there are no facts. */
  get state(): KernelState {
    atOnce(this.compile())
    return this.compiled
  }

  /** The plan as {@link compile} left it: wishes that came since are not in it, so that it stands still meanwhile. */
  get compiled(): KernelState {
    return this.#ledger?.state() ?? emptyState()
  }

  /** The parts of the plan that changed since the last call. */
  takeScope(): Scope {
    atOnce(this.compile())
    return this.#ledger?.takeScope() ?? emptyScope()
  }

  /** Works what was wished since the last time into the plan, one service a step. */
  *compile(): Steps {
    if (this.#node === undefined) return
    for (const wish of this.#stale) {
      this.#stale.delete(wish)
      this.#compileOne(wish, this.#node)
      yield
    }
    if (this.#former !== undefined) yield* this.#forgetSameParts(this.#former)
  }

  /** A plan that was made anew touched everything, and is mostly what it was. */
  *#forgetSameParts({ state, touched }: FormerPlan): Steps {
    const ledger = this.#ledger
    if (ledger === undefined) return
    const different = yield* differing(state, ledger.state())
    ledger.takeScope()
    ledger.touch(different)
    ledger.touch(touched)
    this.#former = undefined
  }

  /** Returns the owner's name. @throws InvalidArgumentError naming the field; the plan is then as it was, see {@link doubt} */
  upsertService(service: KubernetesService): string {
    const spec = this.#refusals.reading(
      () => readService(service),
      () => nameService(service),
      ({ name }) => this.#services.get(name)?.spec !== undefined,
    )
    const name = spec?.name ?? objectName(service.metadata)
    this.#touchService(name).spec = spec
    return name
  }

  removeService(reference: ObjectReference): string {
    const name = referenceName(reference)
    this.#refusals.settle({ kind: 'Service', name })
    if (this.#services.has(name)) this.#touchService(name).spec = undefined
    return name
  }

  /** Returns the name of the service whose endpoints changed. @throws InvalidArgumentError naming the field */
  upsertEndpointSlice(slice: KubernetesEndpointSlice): string {
    const spec = this.#refusals.reading(
      () => readSlice(slice),
      () => nameSlice(slice),
      ({ name }) => this.#serviceOfSlice.has(name),
    )
    const service = spec?.service ?? sliceService(slice)
    const name = spec?.name ?? objectName(slice.metadata)
    const before = this.#serviceOfSlice.get(name)
    if (before !== undefined && (before !== service || spec === undefined)) this.#dropSlice(name, before)
    if (spec === undefined) return service
    this.#touchService(service).putSlice(spec)
    if (before !== service) this.#serviceOfSlice.set(name, service)
    return service
  }

  /** Returns the name of the service whose endpoints changed, `undefined` for a slice that was not known. */
  removeEndpointSlice(reference: ObjectReference): string | undefined {
    const name = referenceName(reference)
    this.#refusals.settle({ kind: 'EndpointSlice', name })
    const service = this.#serviceOfSlice.get(name)
    if (service !== undefined) this.#dropSlice(name, service)
    return service
  }

  upsertVirtualService(service: VirtualService): string {
    const spec = this.#refusals.reading(
      () => readVirtualService(service),
      () => nameVirtualService(service),
      ({ name }) => this.#virtualServices.get(name)?.spec !== undefined,
    )
    const wish = this.#virtualServices.get(spec.name) ?? new VirtualWish(spec.name)
    this.#virtualServices.set(spec.name, wish)
    wish.spec = spec
    this.#stale.add(wish)
    return spec.name
  }

  removeVirtualService(reference: string | VirtualService): string {
    const name = typeof reference === 'string' ? reference : virtualServiceName(reference)
    this.#refusals.settle({ kind: 'VirtualService', name })
    const wish = this.#virtualServices.get(name)
    if (wish === undefined) return name
    wish.spec = undefined
    this.#stale.add(wish)
    return name
  }

  /** Plans everything again for a node that has changed. Rare: addresses of the node come and go seldom. */
  updateFacts(facts: NodeFacts): void {
    const reasons = this.#wished.families.map((family) => [family, facts.unavailable?.[family]] as const)
    this.#unavailable = new Map(
      reasons.flatMap(([family, reason]) => (reason === undefined ? [] : [[family, reason]])),
    )
    const families = this.#wished.families.filter((family) => !this.#unavailable.has(family))
    this.#options = { ...this.#wished, families }
    const node = viewNode(facts, this.options)
    // Where the node changes twice before a plan is made, the last one that was made is the one to compare with.
    if (this.#ledger !== undefined)
      this.#former ??= { state: this.#ledger.state(), touched: this.#ledger.takeScope() }
    this.#node = node
    this.#ledger = new Ledger(node, this.options)
    this.#troubled.clear()
    this.#withoutLocal = { internal: 0, external: 0 }
    for (const wish of this.#all()) {
      wish.fragment = undefined
      this.#stale.add(wish)
    }
  }

  /** There is some while objects are refused of which no former version is wished; another object when it changes. */
  get doubt(): Doubt | undefined {
    return this.#refusals.doubt
  }

  /**
   * What was refused, by owner; what could not be planned, and whose key an older service has, as of the last
   * {@link compile}.
   */
  problems(): Map<string, string[]> {
    const result = new Map<string, string[]>()
    const add = (owner: string, ...more: readonly string[]): void => {
      result.set(owner, [...(result.get(owner) ?? []), ...more])
    }
    for (const { owner, reason } of this.#refusals.reasons()) add(owner, reason)
    for (const { owner, problems } of this.#troubled) add(owner, ...problems)
    for (const { key, owner } of this.#ledger?.lostKeys() ?? []) add(owner, `${key}: another service has it`)
    return result
  }

  /** How many services have a Local policy that finds endpoints, and none on this node. */
  withoutLocalEndpoints(): Record<TrafficPolicy, number> {
    return { ...this.#withoutLocal }
  }

  /** Whether the plan has virtual services of that owner, as of the last {@link compile}. */
  hasServices(owner: string): boolean {
    const fragments = [this.#services.get(owner)?.fragment, this.#virtualServices.get(owner)?.fragment]
    return fragments.some((fragment) => fragment !== undefined && fragment.services.size > 0)
  }

  /** Owners whose wishes include the entry or the address. Looks at all of them: for reports of failures only. */
  ownersOf(wish: { readonly set: string; readonly entry: string } | { readonly address: string }): string[] {
    const wants = (fragment: Fragment): boolean =>
      'set' in wish
        ? fragment.entries.some(({ set, entry }) => set === wish.set && entry === wish.entry)
        : fragment.addresses.includes(wish.address)
    const owners: string[] = []
    for (const { fragment } of this.#all()) {
      if (fragment !== undefined && wants(fragment)) owners.push(fragment.owner)
    }
    return owners
  }

  /** Whether the node has the address, apart from those that some director bound. */
  isNodeAddress(address: string): boolean {
    return this.#node?.isOwn(address) === true
  }

  *#all(): Generator<Wish> {
    yield* this.#services.values()
    yield* this.#virtualServices.values()
  }

  /** The wish of that name, which may be new; it is compiled again. */
  #touchService(name: string): ServiceWish {
    let wish = this.#services.get(name)
    if (wish === undefined) this.#services.set(name, (wish = new ServiceWish(name)))
    this.#stale.add(wish)
    return wish
  }

  #dropSlice(name: string, service: string): void {
    this.#touchService(service).removeSlice(name)
    this.#serviceOfSlice.delete(name)
  }

  #compileOne(wish: Wish, node: NodeView): void {
    const { fragment: previous } = wish
    const next = wish.compile(node, this.options)
    wish.fragment = next
    this.#ledger?.replace(previous, next)
    for (const policy of previous?.withoutLocal ?? []) this.#withoutLocal[policy] -= 1
    for (const policy of next?.withoutLocal ?? []) this.#withoutLocal[policy] += 1
    if (previous !== undefined) this.#troubled.delete(previous)
    if (next !== undefined && next.problems.length > 0) this.#troubled.add(next)
    if (wish.isGone) this.#forget(wish)
  }

  #forget(wish: Wish): void {
    if (wish instanceof ServiceWish) this.#services.delete(wish.name)
    else this.#virtualServices.delete(wish.name)
  }
}

function referenceName(reference: ObjectReference): string {
  if (typeof reference !== 'string') return objectName(reference.metadata)
  return reference.includes('/') ? reference : `default/${reference}`
}
