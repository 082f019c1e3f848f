/** What an experiment says while it runs, in order, and what is left of it at the end. */
import type { TopologySpec } from '../topology/index.js'
import type { Narration } from './experiment.js'

export interface StepEvent {
  readonly kind: 'step'
  /** 1 for the first step. */
  readonly number: number
  readonly text: Narration
  /** The classic commands that do the same. */
  readonly classic: readonly string[]
}

export interface ClaimEvent {
  readonly kind: 'claim'
  readonly text: Narration
  readonly verdict: 'passed' | 'failed' | 'skipped'
  /** What the claim says of the traffic: that it `works`, that it `fails`, or something else. */
  readonly outcome: 'works' | 'fails' | 'holds'
  /** The way of the packets, drawn in one line. */
  readonly path?: Narration
  /** What the recorded links saw meanwhile, a line a packet. */
  readonly seen: readonly string[]
  /** How many packets more than `seen` has lines. */
  readonly unseen: number
  /** Why the kernel does that. */
  readonly why?: Narration
  /** What was found, for a claim that failed: the words of whoever found it. */
  readonly detail?: string
  /** Why it was skipped. */
  readonly reason?: Narration
}

/** Something to look at: a table of the kernel, as it is now. */
export interface ListingEvent {
  readonly kind: 'listing'
  readonly text: Narration
  readonly lines: readonly string[]
}

export type ExperimentEvent = StepEvent | ClaimEvent | ListingEvent

export interface ExperimentReport {
  readonly name: string
  readonly seed: string
  readonly title: Narration
  readonly topology: TopologySpec
  readonly events: readonly ExperimentEvent[]
  /** Number of claims by verdict. */
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What kept the experiment from going on: a step was refused, a program is missing. Not there if it ended. */
  readonly error?: Error
  readonly elapsedMs: number
}

/** True if it went to its end and no claim failed. */
export function succeeded(report: ExperimentReport): boolean {
  return report.failed === 0 && report.error === undefined
}
