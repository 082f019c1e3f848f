export { findExperiment, listExperiments } from './catalogue.js'
export { drawTopology } from './drawing.js'
export { defineExperiment, type Experiment, type Narration, type NarrationLanguage } from './experiment.js'
export { formatPacket, type Packet } from './packet.js'
export {
  succeeded,
  type ClaimEvent,
  type ExperimentEvent,
  type ExperimentReport,
  type ListingEvent,
  type StepEvent,
} from './report.js'
export { runExperiment, type ExperimentOptions } from './run.js'
export type { ClaimText, FailsClaim, FailureCode, StepText, Trial, WorksClaim } from './trial.js'
