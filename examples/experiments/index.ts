/** The experiments in the order in which to read them. */
import type { Experiment } from 'ipvs-director'
import natWrongSource from './nat-wrong-source.js'

const experiments: readonly Experiment[] = [natWrongSource]
export default experiments
