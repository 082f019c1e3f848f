/** What an experiment is: a network, and a program that takes a reader through it. */
import type { TopologySpec } from '../topology/index.js'
import type { Trial } from './trial.js'

/** A text in each language that the narration has. */
export interface Narration {
  readonly en: string
  readonly zh: string
}

export type NarrationLanguage = keyof Narration

export interface Experiment {
  /** Lower-case words joined by `-`; also the name of its file. */
  readonly name: string
  /** Number of the seed document that it comes from, such as `'000'`. */
  readonly seed: string
  readonly title: Narration
  /** The network that it happens in; made before `run`, removed after it. */
  readonly topology: TopologySpec
  /** What addresses stand for, for the drawing: `{ '10.0.0.8': 'CIP' }`. */
  readonly roles?: Readonly<Record<string, string>>
  /** Namespaces whose link `eth0` (or the one named after a colon) is recorded, usually the real servers. */
  readonly record?: readonly string[]
  run(trial: Trial): Promise<void>
}

/** Gives an experiment its type; `export default defineExperiment({ … })` is all that a file has to hold. */
export function defineExperiment(experiment: Experiment): Experiment {
  return experiment
}
