/**
 * Objects that made no sense when they last came. What was wished under their names before stays; where nobody here knows
 * that, because this process began after it was programmed, it may still be in the kernel: see {@link Doubt}.
 */
import type { KubernetesEndpointSlice, KubernetesService } from '../input/kubernetes.js'
import { objectName } from '../input/service-spec.js'
import { sliceService } from '../input/slice-spec.js'
import { type VirtualService, virtualServiceName } from '../input/virtual-service.js'

/** What an object is called, where that can be read of it. */
export interface Subject {
  readonly kind: 'Service' | 'EndpointSlice' | 'VirtualService'
  readonly name: string
  /** The service that it is about. */
  readonly owner: string
}

interface Refusal extends Subject {
  readonly reason: string
  /** A version that made sense is wished all the same. */
  readonly hasFormer: boolean
}

/** Something in the kernel that nobody wishes may be what a refused object asked for when it still made sense. */
export interface Doubt {
  /** Services with servers that may be those of a refused slice. */
  readonly owners: ReadonlySet<string>
}

export class Refusals {
  readonly #all = new Map<string, Refusal>()
  #doubt: Doubt | undefined

  /** Another object whenever it changes. */
  get doubt(): Doubt | undefined {
    return this.#doubt
  }

  /** What `read` gives, which is the end of an earlier refusal; or its error, which is remembered. */
  reading<T>(read: () => T, name: () => Subject, hasFormer: (subject: Subject) => boolean): T {
    try {
      const result = read()
      if (this.#all.size > 0) this.settle(name())
      return result
    } catch (error) {
      const subject = readable(name)
      if (subject !== undefined) this.#refuse(subject, (error as Error).message, hasFormer(subject))
      throw error
    }
  }

  /** The object came right, or nobody wishes it any more. */
  settle(subject: Pick<Subject, 'kind' | 'name'>): void {
    if (this.#all.delete(textOf(subject))) this.#doubtAgain()
  }

  /** Why services are not as wished. */
  *reasons(): Generator<{ readonly owner: string; readonly reason: string }> {
    for (const { kind, name, owner, reason } of this.#all.values())
      yield { owner, reason: `${kind} ${name} refused: ${reason}; what was there before stays` }
  }

  #refuse(subject: Subject, reason: string, hasFormer: boolean): void {
    const before = this.#all.get(textOf(subject))
    this.#all.set(textOf(subject), { ...subject, reason, hasFormer })
    if (before?.hasFormer !== hasFormer || before.owner !== subject.owner) this.#doubtAgain()
  }

  #doubtAgain(): void {
    const unknown = [...this.#all.values()].filter(({ hasFormer }) => !hasFormer)
    if (unknown.length === 0) {
      this.#doubt = undefined
      return
    }
    const slices = unknown.filter(({ kind }) => kind === 'EndpointSlice')
    this.#doubt = { owners: new Set(slices.map(({ owner }) => owner)) }
  }
}

export function nameService({ metadata }: KubernetesService): Subject {
  const name = objectName(metadata)
  return { kind: 'Service', name, owner: name }
}

export function nameSlice(slice: KubernetesEndpointSlice): Subject {
  return { kind: 'EndpointSlice', name: objectName(slice.metadata), owner: sliceService(slice) }
}

export function nameVirtualService(service: VirtualService): Subject {
  const name = virtualServiceName(service)
  return { kind: 'VirtualService', name, owner: name }
}

/** What has no name that can be read has no former version that could be told. */
function readable(name: () => Subject): Subject | undefined {
  try {
    return name()
  } catch {
    return undefined
  }
}

function textOf({ kind, name }: Pick<Subject, 'kind' | 'name'>): string {
  return `${kind} ${name}`
}
