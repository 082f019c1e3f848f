/** A refused operation in a report. */
import type { FailedOperation } from './commit-report.js'
import type { DirectorError } from './errors.js'
import type { NativeRunReport } from './native.js'
import { littleEndian } from './record.js'
import type { BatchRun } from './run.js'

const REFUSAL_BYTES = 12

/** What the kernel refused of one run: rows of native/binding/commit_binding.cc. */
export class Refusals {
  private readonly rows: DataView
  private readonly texts: readonly string[]

  constructor(
    readonly run: BatchRun,
    /** Operations of the batch before this run. */
    readonly first: number,
    report: NativeRunReport,
  ) {
    this.rows = new DataView(report.refused)
    this.texts = report.texts
  }

  get size(): number {
    return this.rows.byteLength / REFUSAL_BYTES
  }

  /** Within the run. */
  index(refusal: number): number {
    return this.rows.getUint32(refusal * REFUSAL_BYTES, littleEndian)
  }

  describe(refusal: number): Description {
    const index = this.index(refusal)
    const code = this.rows.getInt32(refusal * REFUSAL_BYTES + 4, littleEndian)
    const text = this.texts[this.rows.getUint32(refusal * REFUSAL_BYTES + 8, littleEndian) - 1] ?? ''
    return { ...this.run.describe(index), error: this.run.explain(index, code, text) }
  }
}

type Description = Omit<FailedOperation, 'index'>

/**
 * What it was and why is made when somebody looks, and once: where a hundred thousand operations are refused, making and
 * keeping as many errors would hold the event loop for longer than sending them took. So this is small, too.
 */
export class Refused implements FailedOperation {
  readonly index: number
  declare readonly operation: string
  declare readonly target: unknown
  declare readonly error: DirectorError
  /** Where the answer is, and then the answer. */
  #source: Refusals | Description
  readonly #refusal: number

  constructor(refusals: Refusals, refusal: number) {
    this.index = refusals.first + refusals.index(refusal)
    this.#source = refusals
    this.#refusal = refusal
    Object.defineProperties(this, Refused.lazily)
  }

  #description(): Description {
    if (this.#source instanceof Refusals) this.#source = this.#source.describe(this.#refusal)
    return this.#source
  }

  // Own and enumerable, as in a plain object: spreading, JSON and comparison see them.
  private static readonly lazily: PropertyDescriptorMap & ThisType<Refused> = {
    operation: {
      enumerable: true,
      get() {
        return this.#description().operation
      },
    },
    target: {
      enumerable: true,
      get() {
        return this.#description().target
      },
    },
    error: {
      enumerable: true,
      get() {
        return this.#description().error
      },
    },
  }
}
