/** The experiments in the order in which to read them. */
import type { Experiment } from 'ipvs-director'
import directRouting from './direct-routing.js'
import fullNat from './full-nat.js'
import ipipTunnel from './ipip-tunnel.js'
import natMasquerade from './nat-masquerade.js'
import natReturnRoute from './nat-return-route.js'
import natWrongSource from './nat-wrong-source.js'
import saveAndRestore from './save-and-restore.js'
import schedulers from './schedulers.js'

const experiments: readonly Experiment[] = [
  // 000: how packets travel
  natWrongSource,
  natMasquerade,
  natReturnRoute,
  fullNat,
  directRouting,
  ipipTunnel,
  saveAndRestore,
  schedulers,
]
export default experiments
