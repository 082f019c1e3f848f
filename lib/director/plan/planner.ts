/**
 * Holds what is wanted and keeps the plan for it up to date, one service at a time. Pure memory: no input or output.
 * The parts of the plan that a change touched are collected until somebody takes them.
 */
import { compileService } from './compile-service.js'
import { compileVirtualService } from './compile-virtual-service.js'
import { type NodeFacts, type NodeView, viewNode } from './facts.js'
import type { Fragment, TrafficPolicy } from './fragment.js'
import type { KubernetesEndpointSlice, KubernetesMetadata, KubernetesService } from '../input/kubernetes.js'
import { Ledger } from './ledger.js'
import { type DirectorOptions, type ResolvedOptions, resolveOptions } from '../options.js'
import { emptyScope, type Scope } from '../state/scope.js'
import { objectName, readService, type ServiceSpec } from '../input/service-spec.js'
import { readSlice, sliceService, type SliceSpec } from '../input/slice-spec.js'
import { emptyState, type KernelState } from '../state/state.js'
import { atOnce, type Steps } from '../../turns.js'
import {
  readVirtualService,
  type VirtualService,
  virtualServiceName,
  type VirtualServiceSpec,
} from '../input/virtual-service.js'

/** What names a Kubernetes object: the object itself, its metadata, or `namespace/name`. */
export type ObjectReference = string | { readonly metadata?: KubernetesMetadata | null | undefined }

export class Planner {
  readonly options: ResolvedOptions
  #node: NodeView | undefined
  #ledger: Ledger | undefined
  readonly #services = new Map<string, ServiceSpec>()
  readonly #virtualServices = new Map<string, VirtualServiceSpec>()
  /** By service, then by slice. */
  readonly #slices = new Map<string, Map<string, SliceSpec>>()
  readonly #serviceOfSlice = new Map<string, string>()
  /** By kind and name: a plain service may have the name of a Kubernetes one. */
  readonly #fragments = new Map<string, Fragment>()
  /** Keys of fragments that must be compiled again. */
  readonly #stale = new Set<string>()
  /** Those of the fragments that could not be planned as wished: so few that all of them can be looked at after a pass. */
  readonly #troubled = new Set<Fragment>()
  #withoutLocal: Record<TrafficPolicy, number> = { internal: 0, external: 0 }

  /**
   * Without facts the wishes are collected, and planned once {@link updateFacts} brings them.
   *
   * @throws InvalidArgumentError naming the fact or the option
   */
  constructor(facts?: NodeFacts, options: DirectorOptions = {}) {
    this.options = resolveOptions(options)
    if (facts !== undefined) this.updateFacts(facts)
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
    for (const id of this.#stale) {
      this.#stale.delete(id)
      this.#compileOne(id, this.#node)
      yield
    }
  }

  /** Returns the owner's name. @throws InvalidArgumentError naming the field; the plan is then as it was */
  upsertService(service: KubernetesService): string {
    const spec = readService(service)
    const name = objectName(service.metadata)
    if (spec === undefined) this.#services.delete(name)
    else this.#services.set(name, spec)
    this.#stale.add(serviceId(name))
    return name
  }

  removeService(reference: ObjectReference): string {
    const name = referenceName(reference)
    this.#services.delete(name)
    this.#stale.add(serviceId(name))
    return name
  }

  /** Returns the name of the service whose endpoints changed. @throws InvalidArgumentError naming the field */
  upsertEndpointSlice(slice: KubernetesEndpointSlice): string {
    const spec = readSlice(slice)
    const service = sliceService(slice)
    const name = objectName(slice.metadata)
    const before = this.#serviceOfSlice.get(name)
    if (before !== undefined && (before !== service || spec === undefined)) this.#dropSlice(name, before)
    if (spec === undefined) return service
    const slices = this.#slices.get(service)
    if (slices === undefined) this.#slices.set(service, new Map([[name, spec]]))
    else slices.set(name, spec)
    this.#serviceOfSlice.set(name, service)
    this.#stale.add(serviceId(service))
    return service
  }

  /** Returns the name of the service whose endpoints changed, `undefined` for a slice that was not known. */
  removeEndpointSlice(reference: ObjectReference): string | undefined {
    const name = referenceName(reference)
    const service = this.#serviceOfSlice.get(name)
    if (service !== undefined) this.#dropSlice(name, service)
    return service
  }

  upsertVirtualService(service: VirtualService): string {
    const spec = readVirtualService(service)
    this.#virtualServices.set(spec.name, spec)
    this.#stale.add(virtualServiceId(spec.name))
    return spec.name
  }

  removeVirtualService(reference: string | VirtualService): string {
    const name = typeof reference === 'string' ? reference : virtualServiceName(reference)
    this.#virtualServices.delete(name)
    this.#stale.add(virtualServiceId(name))
    return name
  }

  /** Plans everything again for a node that has changed. Rare: addresses of the node come and go seldom. */
  updateFacts(facts: NodeFacts): void {
    this.#node = viewNode(facts, this.options)
    this.#ledger = new Ledger(this.#node, this.options)
    this.#fragments.clear()
    this.#troubled.clear()
    this.#withoutLocal = { internal: 0, external: 0 }
    for (const name of this.#services.keys()) this.#stale.add(serviceId(name))
    for (const name of this.#virtualServices.keys()) this.#stale.add(virtualServiceId(name))
  }

  /** What could not be planned, by owner; and whose key an older service has. As of the last {@link compile}. */
  problems(): Map<string, string[]> {
    const result = new Map<string, string[]>()
    for (const { owner, problems } of this.#troubled) result.set(owner, [...problems])
    for (const { key, owner } of this.#ledger?.lostKeys() ?? []) {
      const reason = `${key}: another service has it`
      const reasons = result.get(owner)
      if (reasons === undefined) result.set(owner, [reason])
      else reasons.push(reason)
    }
    return result
  }

  /** How many services have a Local policy that finds endpoints, and none on this node. */
  withoutLocalEndpoints(): Record<TrafficPolicy, number> {
    return { ...this.#withoutLocal }
  }

  /** Owners whose wishes include the entry or the address. Looks at all of them: for reports of failures only. */
  ownersOf(wish: { readonly set: string; readonly entry: string } | { readonly address: string }): string[] {
    const wants = (fragment: Fragment): boolean =>
      'set' in wish
        ? fragment.entries.get(wish.set)?.has(wish.entry) === true
        : fragment.addresses.has(wish.address)
    return [...this.#fragments.values()].filter(wants).map(({ owner }) => owner)
  }

  #dropSlice(name: string, service: string): void {
    const slices = this.#slices.get(service)
    slices?.delete(name)
    if (slices?.size === 0) this.#slices.delete(service)
    this.#serviceOfSlice.delete(name)
    this.#stale.add(serviceId(service))
  }

  #compileOne(id: string, node: NodeView): void {
    const [kind = '', name = ''] = splitId(id)
    const previous = this.#fragments.get(id)
    const next = kind === 'service' ? this.#compileService(name, node) : this.#compileVirtual(name, node)
    this.#ledger?.replace(previous, next)
    if (next === undefined) this.#fragments.delete(id)
    else this.#fragments.set(id, next)
    for (const policy of previous?.withoutLocal ?? []) this.#withoutLocal[policy] -= 1
    for (const policy of next?.withoutLocal ?? []) this.#withoutLocal[policy] += 1
    if (previous !== undefined) this.#troubled.delete(previous)
    if (next !== undefined && next.problems.length > 0) this.#troubled.add(next)
  }

  #compileService(name: string, node: NodeView): Fragment | undefined {
    const spec = this.#services.get(name)
    return spec && compileService(spec, this.#slicesOf(name), node, this.options)
  }

  #compileVirtual(name: string, node: NodeView): Fragment | undefined {
    const spec = this.#virtualServices.get(name)
    return spec && compileVirtualService(spec, node, this.options)
  }

  /** In the order of their names, so that it does not matter which came first. */
  #slicesOf(service: string): SliceSpec[] {
    const slices = [...(this.#slices.get(service)?.values() ?? [])]
    return slices.length < 2 ? slices : slices.sort((left, right) => (left.name < right.name ? -1 : 1))
  }
}

function serviceId(name: string): string {
  return `service ${name}`
}

function virtualServiceId(name: string): string {
  return `virtual ${name}`
}

function splitId(id: string): [kind: string, name: string] {
  const blank = id.indexOf(' ')
  return [id.slice(0, blank), id.slice(blank + 1)]
}

function referenceName(reference: ObjectReference): string {
  if (typeof reference !== 'string') return objectName(reference.metadata)
  return reference.includes('/') ? reference : `default/${reference}`
}
