/** What is wished under one name, and what was made of it. */
import type { ServiceSpec } from '../input/service-spec.js'
import type { SliceSpec } from '../input/slice-spec.js'
import type { VirtualServiceSpec } from '../input/virtual-service.js'
import type { ResolvedOptions } from '../options.js'
import { compileService } from './compile-service.js'
import { compileVirtualService } from './compile-virtual-service.js'
import type { NodeView } from './facts.js'
import type { Fragment } from './fragment.js'

export interface Wish {
  /** `namespace/name` of a Kubernetes service, or the name of a plain one. */
  readonly name: string
  /** What the plan has of it: of the last time that it was compiled. */
  fragment: Fragment | undefined
  /** `undefined`: it asks for nothing. */
  compile(node: NodeView, options: ResolvedOptions): Fragment | undefined
  /** Nothing is left to remember. */
  readonly isGone: boolean
}

const noSlices: readonly SliceSpec[] = []

/** A Kubernetes service with its slices, either of which may come first. */
export class ServiceWish implements Wish {
  spec: ServiceSpec | undefined
  fragment: Fragment | undefined
  /** In the order of their names, so that it does not matter which came first. Few, mostly one. */
  #slices = noSlices

  constructor(readonly name: string) {}

  get isGone(): boolean {
    return this.spec === undefined && this.#slices.length === 0 && this.fragment === undefined
  }

  putSlice(slice: SliceSpec): void {
    const others = this.#slices.filter(({ name }) => name !== slice.name)
    const at = others.findIndex(({ name }) => slice.name < name)
    this.#slices = at < 0 ? [...others, slice] : [...others.slice(0, at), slice, ...others.slice(at)]
  }

  removeSlice(name: string): void {
    this.#slices = this.#slices.filter((slice) => slice.name !== name)
  }

  compile(node: NodeView, options: ResolvedOptions): Fragment | undefined {
    return this.spec && compileService(this.spec, this.#slices, node, options)
  }
}

export class VirtualWish implements Wish {
  spec: VirtualServiceSpec | undefined
  fragment: Fragment | undefined

  constructor(readonly name: string) {}

  get isGone(): boolean {
    return this.spec === undefined && this.fragment === undefined
  }

  compile(node: NodeView, options: ResolvedOptions): Fragment | undefined {
    return this.spec && compileVirtualService(this.spec, node, options)
  }
}
