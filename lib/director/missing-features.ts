/** What a data plane was found to lack; asked about until nothing is missing any more. */
import { inTurns, type Steps } from '../turns.js'
import type { UnsupportedFeatureError } from '../errors.js'
import type { MissingEvent } from './events.js'
import type { KernelState } from './state/state.js'
import type { DataPlane, MissingFeature } from './sync/data-plane.js'

export class MissingFeatures {
  #found: readonly MissingFeature[] | undefined

  constructor(private readonly plane: DataPlane) {}

  get errors(): UnsupportedFeatureError[] {
    return (this.#found ?? []).map(({ error }) => error)
  }

  /** Tells what is newly missing. Asks nothing once everything was there: what comes later says itself what it lacks. */
  async look(planned: KernelState, tell: (event: MissingEvent) => void): Promise<void> {
    if (this.#found?.length === 0) return
    const known = new Set(this.errors.map(({ feature }) => feature))
    this.#found = (await this.plane.missing?.(planned)) ?? []
    for (const { error, scheduler } of this.#found) {
      if (known.has(error.feature)) continue
      const owners = scheduler === undefined ? [] : await inTurns(ownersWith(scheduler, planned))
      tell({ error, owners })
    }
  }
}

function* ownersWith(scheduler: string, { services }: KernelState): Steps<string[]> {
  const owners = new Set<string>()
  for (const { owner, service } of services.values()) {
    if (owner !== undefined && service.scheduler === scheduler) owners.add(owner)
    yield
  }
  return [...owners].sort()
}
