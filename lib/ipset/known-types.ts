/** The set types of a kernel, asked once: asking makes it load modules. */
import type { NativeSetType } from '../native-sets.js'
import { native, type KernelHandle } from '../native.js'
import { explainSets } from './explain.js'
import { revisionOf, typeNamed } from './options.js'
import type { SetTypeInfo, SetTypeName } from './types.js'

export class KnownTypes {
  private types: readonly SetTypeInfo[] | undefined

  constructor(private readonly handle: () => KernelHandle) {}

  async ask(): Promise<SetTypeInfo[]> {
    const ranges = await this.ranges()
    const types = ranges.map(({ name, oldestRevision, newestRevision }) => {
      const ours = typeNamed(name).newestRevision
      const revision = ours < oldestRevision ? undefined : Math.min(ours, newestRevision)
      return { name: name as SetTypeName, oldestRevision, newestRevision, revision }
    })
    this.types = types
    return types
  }

  /** A type that was missing is asked for again: its module may have been loaded meanwhile. */
  async revision(type: NativeSetType): Promise<number> {
    const known = this.types ?? (await this.ask())
    const there = known.some(({ name, revision }) => name === type.name && revision !== undefined)
    return revisionOf(type, there ? known : await this.ask())
  }

  private async ranges() {
    try {
      return await native().sets.types(this.handle())
    } catch (error) {
      throw explainSets('types')(error)
    }
  }
}
