/**
 * What a benchmark suite is. To add one: a folder `bench/<suite>/` with a module that exports a `Suite`, and a line in
 * bench/suites.ts. The harness (bench/run.ts) starts a fresh process for every measurement and takes drivers in turn,
 * A B C A B C, so that a slow minute of the machine touches all of them alike.
 */

/** One measurement, made in a process of its own. */
export interface Measurement {
  /** Wall time of the work itself, without process start and without preparing the input. */
  readonly seconds: number
  /** What `opsPerSecond` counts. */
  readonly operations: number
  /** Longest hold of the event loop while the work was under way; absent for other programs. */
  readonly eventLoopDelayMs?: number
  /** Peak resident set of the process that did the work, where it is not this one. */
  readonly peakRssMiB?: number
  /** How much was worked on, where that is not the size that was asked for. */
  readonly size?: string
  /** Further figures of the suite; the median of each goes into the row. */
  readonly figures?: Readonly<Record<string, number>>
}

export interface Driver {
  readonly name: string
  /** Prepares, works, and says how long the work took. Runs in a fresh process. */
  measure(task: Task): Promise<Measurement>
}

/** A line of the result: one kind of work, done by each of several drivers. */
export interface RowPlan {
  readonly name: string
  readonly drivers: readonly Driver[]
}

/** Options of the suite itself (`--type`). */
export type Options = Readonly<Record<string, string>>

/** What a run was asked for. */
export interface BenchOptions {
  readonly size: string
  readonly rounds: number
  /** Undefined: all. */
  readonly rows: readonly string[] | undefined
  readonly drivers: readonly string[] | undefined
  readonly guest: 'qemu' | 'uml' | 'none'
  readonly options: Options
}

export interface Task {
  readonly size: string
  readonly options: Options
}

/** `median` of time(of) ÷ time(to), round by round: how many times as long `of` takes. */
export interface RatioPlan {
  /** Name of the row that both drivers belong to. */
  readonly name: string
  readonly of: string
  readonly to: string
  /** A figure of both rows that is compared instead of the time. */
  readonly figure?: string
  /** The time of one operation is compared: where one side does a sample of the other's work. */
  readonly perOperation?: boolean
}

export interface Suite {
  readonly name: string
  readonly defaultSize: string
  /** Throws an InvalidArgumentError for a size that makes no sense. */
  checkSize(size: string): void
  /** Names of further options that the suite knows. */
  readonly options?: readonly string[]
  /** Checks them and fills in their defaults. Where there are several, each is measured by itself; rows and ratios name it. */
  variants?(options: Options): readonly Options[]
  /** The guest that it is meant for; `'none'` is the machine itself. */
  readonly guest: 'qemu' | 'uml' | 'none'
  /** C programs of bench/limit/ that it needs, without `.c`. */
  readonly limits?: readonly string[]
  readonly rows: readonly RowPlan[]
  readonly ratios: readonly RatioPlan[]
  /** Takes away what the measurements left for each other. */
  cleanUp?(): Promise<void>
}

export interface Row {
  readonly name: string
  readonly driver: string
  readonly size: string
  readonly seconds: readonly number[]
  /** What each of `seconds` was for. */
  readonly operations: number
  readonly opsPerSecond: number
  readonly peakRssMiB: number
  readonly eventLoopDelayMs: number | null
  readonly [figure: string]: unknown
}

export interface Ratio extends RatioPlan {
  /** The variant that it is about. */
  readonly options?: Options
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Result {
  readonly suite: string
  readonly machine: Readonly<Record<string, string | number>>
  readonly rows: readonly Row[]
  readonly ratios: readonly Ratio[]
}
