/** The director: takes services and endpoints, and keeps the kernel of one node in the state that they ask for. */
import { EventEmitter } from 'node:events'
import { hostname } from 'node:os'
import { DirectorError } from '../errors.js'
import type { IpvsStatistics } from '../ipvs/statistics.js'
import type { Kernel } from '../kernel.js'
import { type Change, describeChange } from './state/changes.js'
import { countSingleChanges } from './state/single-changes.js'
import * as check from './input/check.js'
import { isIpv6LinkLocal } from './input/ip.js'
import type { DataPlane } from './sync/data-plane.js'
import type { DirectorEvents } from './events.js'
import { Debt, type DirectorHealth } from './health.js'
import { MissingFeatures } from './missing-features.js'
import { Pace } from './pace.js'
import { PendingEndpoints } from './pending-endpoints.js'
import { WishCounter } from './metrics/wish-counter.js'
import { KernelPlane, type KernelPlaneOptions } from './plane/kernel-plane.js'
import type { KubernetesEndpointSlice, KubernetesService } from './input/kubernetes.js'
import type { DirectorOptions } from './options.js'
import { type ObjectReference, Planner } from './plan/planner.js'
import { type Pass, Reconciler } from './sync/reconciler.js'
import { inTurns, type Steps } from '../turns.js'
import { Timetable } from './timetable.js'
import { type DirectorStatus, ownersOf, statusOf, unfinishedServices } from './status.js'
import { isVirtualService, type VirtualService } from './input/virtual-service.js'

export interface DirectorSettings extends DirectorOptions, KernelPlaneOptions {
  /** The node's name, as endpoints give it. @default the machine's host name */
  readonly nodeName?: string
  /** The node's zone, for topology hints. @default none */
  readonly zone?: string
  /** Seconds between two looks at everything, at least 1. @default 30 */
  readonly resyncSeconds?: number
  /**
   * The least time between passes that wishes and retries ask for, seconds from 0 to `resyncSeconds`, fractions too; two may
   * follow each other at once where nothing was for that long. `sync()` never waits. @default 0: each turn of the event
   * loop may have its pass
   */
  readonly minSyncSeconds?: number
  /** Seconds between two looks at draining servers, at least 1. @default 5 */
  readonly drainCheckSeconds?: number
}

/** What a dry run says. As text: one line a change, `+` to come, `-` to go, `~` to change. */
export interface DirectorPlan {
  readonly changes: readonly Change[]
  /** What the option `allowedChanges` would keep from being made; not in the text. */
  readonly withheld: readonly Change[]
  toString(): string
}

/**
 * Wishes may be given before `start()` and at any time after; once started, each is programmed at once. Every method
 * that takes an object throws `ERR_INVALID_ARGUMENT` naming the field, and leaves what was wished before as it was.
 */
export class Director extends EventEmitter<DirectorEvents> {
  readonly #planner: Planner
  readonly #plane: DataPlane
  readonly #reconciler: Reconciler
  readonly #settings: { nodeName: string; zone: string | undefined; resyncMs: number; drainCheckMs: number }
  #queue: Promise<unknown> = Promise.resolve()
  readonly #timetable: Timetable
  #knownAddresses: string | undefined
  #lastSync: Date | undefined
  /** When a wish last came, `performance.now()`. */
  #lastQueued: number | undefined
  /** The time of this turn of the event loop, once somebody has asked for it. */
  #turnTime: number | undefined
  readonly #wishes = { services: new WishCounter(), endpoints: new WishCounter() }
  readonly #pending = new PendingEndpoints()
  readonly #debt = new Debt()
  readonly #missing: MissingFeatures
  #nodeEligible = true

  /** `kernel`: an open kernel, or another data plane. @throws InvalidArgumentError naming the setting */
  constructor(kernel: Kernel | DataPlane, settings: DirectorSettings = {}) {
    super()
    const { nodeName, zone, resyncSeconds = 30, minSyncSeconds, drainCheckSeconds, ...others } = settings
    const { netns, iptables, ...options } = others
    this.#settings = {
      nodeName: check.text('nodeName', nodeName ?? hostname()),
      zone,
      resyncMs: check.integer('resyncSeconds', resyncSeconds, 1, 86400) * 1000,
      drainCheckMs: check.integer('drainCheckSeconds', drainCheckSeconds ?? 5, 1, 86400) * 1000,
    }
    const minSync = check.number('minSyncSeconds', minSyncSeconds ?? 0, 0, resyncSeconds)
    this.#timetable = new Timetable(new Pace(minSync * 1000), () => this.#inBackground(() => this.sync()))
    this.#planner = new Planner(undefined, options)
    this.#plane =
      'observe' in kernel ? kernel : new KernelPlane(kernel, this.#planner.options, { netns, iptables })
    this.#reconciler = new Reconciler(this.#planner, this.#plane, () => performance.now())
    this.#missing = new MissingFeatures(this.#plane)
    this.#plane.watchHealth?.(() => this.health().healthy)
    this.#plane.watchFlows?.((event) => this.#tell('flowsCleaned', event))
  }

  /** A Kubernetes service, or a plain one as {@link upsertVirtualService} takes it. */
  upsertService(service: KubernetesService | VirtualService): void {
    check.object('service', service)
    if (isVirtualService(service)) return this.upsertVirtualService(service)
    this.#planner.upsertService(service)
    this.#schedule('services')
  }

  /** The object, or `namespace/name`. Nothing happens where it is not known. */
  removeService(service: ObjectReference | VirtualService): void {
    if (typeof service === 'object' && isVirtualService(service)) return this.removeVirtualService(service)
    this.#planner.removeService(service)
    this.#schedule('services')
  }

  upsertEndpointSlice(slice: KubernetesEndpointSlice): void {
    this.#touchEndpoints(this.#planner.upsertEndpointSlice(slice))
    this.#schedule('endpoints')
  }

  removeEndpointSlice(slice: ObjectReference): void {
    this.#touchEndpoints(this.#planner.removeEndpointSlice(slice))
    this.#schedule('endpoints')
  }

  upsertVirtualService(service: VirtualService): void {
    this.#touchEndpoints(this.#planner.upsertVirtualService(service))
    this.#schedule('services')
  }

  removeVirtualService(service: VirtualService | string): void {
    this.#planner.removeVirtualService(service)
    this.#schedule('services')
  }

  /** What a pass would change now. Reads everything, changes nothing. */
  plan(): Promise<DirectorPlan> {
    return this.#enqueue(async () => {
      await this.#learnFacts()
      await this.#lookForMissing()
      const { changes, withheld } = await this.#reconciler.preview()
      return {
        changes,
        withheld,
        toString: () => changes.map((change) => `${describeChange(change)}\n`).join(''),
      }
    })
  }

  /**
   * Programs what is wished and not programmed yet. `full` reads everything first and repairs what others changed; the
   * first call always does. Resolves also where single changes failed: see the result, or `status()`.
   */
  sync({ full = false }: { readonly full?: boolean } = {}): Promise<Pass> {
    return this.#enqueue(() => this.#pass(full))
  }

  /** The first pass, then programs every wish as it comes, looks at everything now and then, and tries again what failed. */
  async start(): Promise<void> {
    const timetable = this.#timetable
    if (timetable.started) return
    timetable.start()
    try {
      await this.sync({ full: true })
    } catch (error) {
      timetable.stop()
      throw error
    }
    timetable.every(this.#settings.resyncMs, () => this.#inBackground(() => this.sync({ full: true })))
    timetable.every(this.#settings.drainCheckMs, () => this.#inBackground(() => this.checkDrains()))
  }

  /** Removes draining servers that are idle or out of time; the timer of `start()` does the same now and then. */
  checkDrains(): Promise<void> {
    return this.#enqueue(() => this.#finishDrains())
  }

  /** Ends timers and health-check servers, after the pass under way. What is in the kernel stays there and goes on. */
  async stop(): Promise<void> {
    this.#timetable.stop()
    await this.#queue
    await this.#plane.close()
    this.#reconciler.forgetPicture()
  }

  /** What {@link cleanup} would remove. Changes nothing. */
  planCleanup(): Promise<readonly Change[]> {
    return this.#enqueue(async () => {
      await this.#learnFacts()
      return this.#reconciler.previewCleanup()
    })
  }

  /** Stops, and removes from the kernel exactly what is ours, in both families. */
  async cleanup(): Promise<Pass> {
    await this.stop()
    return this.#enqueue(async () => {
      // The names to look for come with a plan, and a plan needs facts, even when nothing is wished.
      await this.#learnFacts()
      return this.#reconciler.cleanup()
    })
  }

  /** What is programmed, what is draining, and which services are not as wished, and why. */
  status(): DirectorStatus {
    return statusOf(this.#planner, this.#reconciler, {
      started: this.#timetable.started,
      lastSync: this.#lastSync,
      missing: this.#missing.errors,
      lastQueued:
        this.#lastQueued === undefined ? undefined : new Date(performance.timeOrigin + this.#lastQueued),
      wishes: { services: this.#wishes.services.counts, endpoints: this.#wishes.endpoints.counts },
    })
  }

  /** Whether wishes reach the kernel in time. Costs nothing, unlike {@link status}. */
  health(): DirectorHealth {
    const { since } = this.#debt
    const healthy = since === undefined || performance.now() - since <= 2 * this.#settings.resyncMs
    return { healthy, nodeEligible: this.#nodeEligible, lastSync: this.#lastSync }
  }

  /** False while the node is on its way out: outside balancers that ask `/healthz` then send elsewhere. */
  setNodeEligible(eligible: boolean): void {
    this.#nodeEligible = check.boolean('eligible', eligible)
  }

  /** What all services did together, from the data plane; `undefined` where it cannot tell. */
  async statistics(): Promise<IpvsStatistics | undefined> {
    return this.#plane.statistics?.()
  }

  /** One after the other; a failure is its caller's, not the next one's. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    // Not the result itself, which may be large and would be kept until the next one.
    const over = (): undefined => undefined
    this.#queue = done.then(over, over)
    return done
  }

  #schedule(kind: 'services' | 'endpoints'): void {
    this.#wishes[kind].add()
    this.#lastQueued = this.#now()
    this.#debt.wish(this.#lastQueued)
    this.#timetable.soon()
  }

  /** Nobody awaits it: what goes wrong as a whole becomes an event, and the next pass looks at everything again. */
  #inBackground(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      const cause =
        error instanceof Error ? error : new DirectorError(String(error), { code: 'ERR_INTERNAL' })
      this.#tell('failed', {
        error: cause,
        owners: [],
        attempts: Math.max(1, this.#reconciler.retries.broken),
      })
    })
  }

  async #pass(full: boolean): Promise<Pass> {
    this.#timetable.begins()
    this.#debt.begin(performance.now())
    try {
      const pass = await this.#timedPass(full)
      this.#reconciler.retries.ended()
      this.#debt.end()
      return pass
    } catch (error) {
      this.#reconciler.retries.broke(performance.now())
      throw error
    } finally {
      this.#timetable.retryAt(this.#reconciler.retries.nextAt())
    }
  }

  async #timedPass(full: boolean): Promise<Pass> {
    const began = performance.now()
    const bringsEndpoints = this.#pending.take()
    for (const counter of Object.values(this.#wishes)) counter.take()
    if (full || this.#knownAddresses === undefined) {
      await this.#learnFacts()
      await this.#lookForMissing()
    }
    const pass = full ? await this.#reconciler.fullPass() : await this.#reconciler.pass()
    this.#lastSync = new Date()
    const ended = performance.now()
    this.#report(pass, ended - began)
    if (bringsEndpoints) await inTurns(this.#reportingProgrammed(ended))
    return pass
  }

  async #finishDrains(): Promise<void> {
    const { changes } = await this.#reconciler.finishDrains()
    for (const change of changes) if (change.type === 'removeServer') this.#tell('drained', change)
  }

  /** The node's addresses decide about node ports and about what is bound: when they change, all is planned again. */
  async #learnFacts(): Promise<void> {
    const facts = await this.#plane.facts()
    const { link } = this.#planner.options.names
    // Every pod's veth brings an fe80:: address, which no plan knows. The order counts: the first is the node's own.
    const others = facts.addresses.filter(
      (one) => one.interface !== link && !isIpv6LinkLocal(one.address.replace(/%.*$/, '')),
    )
    const fingerprint = JSON.stringify({ ...facts, addresses: others })
    if (fingerprint === this.#knownAddresses) return
    const { nodeName: name, zone } = this.#settings
    this.#planner.updateFacts({ ...facts, name, ...(zone !== undefined && { zone }) })
    this.#knownAddresses = fingerprint
    for (const [family, reason] of this.#planner.unavailable) this.emit('unavailable', { family, reason })
    this.#reconciler.forgetPicture()
  }

  async #lookForMissing(): Promise<void> {
    await inTurns(this.#planner.compile())
    await this.#missing.look(this.#planner.compiled, (event) => this.#tell('missing', event))
  }

  #touchEndpoints(service: string | undefined): void {
    if (service !== undefined) this.#pending.touch(service, this.#now())
  }

  /** One look at the clock a turn: where the kernel has to be asked for it, ten thousand looks are a part of a second. */
  #now(): number {
    if (this.#turnTime === undefined) {
      this.#turnTime = performance.now()
      queueMicrotask(() => (this.#turnTime = undefined))
    }
    return this.#turnTime
  }

  #report(pass: Pass, durationMs: number): void {
    if (pass.drift.length > 0) this.#tell('drift', { changes: pass.drift })
    for (const server of pass.draining) this.#tell('draining', server)
    for (const { change, error, attempts } of pass.failed) {
      this.#tell('failed', { change, error, attempts, owners: ownersOf(change, this.#planner) })
    }
    this.#tell('synced', {
      changes: countSingleChanges(pass.changes),
      failed: pass.failed.length,
      full: pass.full,
      durationMs,
    })
  }

  #reportingProgrammed(ended: number): Steps {
    const unfinished = unfinishedServices(this.#planner, this.#reconciler)
    const stateOf = (service: string): 'ready' | 'waits' | 'nothing' =>
      unfinished.has(service) ? 'waits' : this.#planner.hasServices(service) ? 'ready' : 'nothing'
    return this.#pending.reporting(ended, stateOf, (event) => this.#tell('endpointProgrammed', event))
  }

  /**
   * A listener that throws breaks no pass: its error is thrown again where nobody but the process catches it, as an error
   * of a listener that a timer called would be.
   */
  #tell<Name extends keyof DirectorEvents>(name: Name, ...event: DirectorEvents[Name]): void {
    try {
      // The types of `emit` do not know that a name and its event belong together.
      this.emit(name, ...(event as never))
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
