/** Runs one experiment on the kernel at hand: in a guest, or where the machine itself has what it needs. */
import { Topology } from '../topology/index.js'
import type { Experiment } from './experiment.js'
import { Recorder } from './recorder.js'
import type { ClaimEvent, ExperimentEvent, ExperimentReport } from './report.js'
import { Trial } from './trial.js'

export interface ExperimentOptions {
  /** Called with each event as it happens. */
  readonly onEvent?: (event: ExperimentEvent) => void
  /** A file for what the recorded links saw (a pcap of Ethernet frames, all links in one, by time). */
  readonly pcap?: string | undefined
}

/**
 * Needs root, IPVS, and what `Topology` needs. Resolves with the report, also when claims failed or a step was
 * refused; whatever happens, nothing of the network is left behind.
 */
export async function runExperiment(
  experiment: Experiment,
  options: ExperimentOptions = {},
): Promise<ExperimentReport> {
  const startedAt = performance.now()
  const events: ExperimentEvent[] = []
  const tell = (event: ExperimentEvent): void => {
    events.push(event)
    options.onEvent?.(event)
  }
  const error = await perform(experiment, tell, options.pcap).then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
  )
  const { name, seed, title, topology } = experiment
  const count = (verdict: ClaimEvent['verdict']): number =>
    events.filter((event) => event.kind === 'claim' && event.verdict === verdict).length
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
  const elapsedMs = Math.round(performance.now() - startedAt)
  return { name, seed, title, topology, events, ...counts, ...(error && { error }), elapsedMs }
}

async function perform(
  experiment: Experiment,
  tell: (event: ExperimentEvent) => void,
  pcap: string | undefined,
): Promise<void> {
  const topology = await Topology.create(experiment.topology)
  const recorder = new Recorder()
  const trial = new Trial(topology, recorder, tell)
  try {
    await recorder.start(topology, experiment.record ?? [])
    await experiment.run(trial)
  } finally {
    await trial
      .close()
      .finally(() => recorder.stop(pcap))
      .finally(() => topology.close())
  }
}
