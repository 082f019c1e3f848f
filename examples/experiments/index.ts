/** The experiments in the order in which to read them. */
import type { Experiment } from 'ipvs-director'
import bridgeService from './bridge-service.js'
import cleanUp from './clean-up.js'
import directRouting from './direct-routing.js'
import dummyLink from './dummy-link.js'
import fullNat from './full-nat.js'
import hairpin from './hairpin.js'
import hostAddress from './host-address.js'
import ipipTunnel from './ipip-tunnel.js'
import marksBySet from './marks-by-set.js'
import masqueradeBySet from './masquerade-by-set.js'
import natMasquerade from './nat-masquerade.js'
import natReturnRoute from './nat-return-route.js'
import natWrongSource from './nat-wrong-source.js'
import podNetwork from './pod-network.js'
import saveAndRestore from './save-and-restore.js'
import schedulers from './schedulers.js'
import secondBackend from './second-backend.js'
import setDirections from './set-directions.js'
import setTypes from './set-types.js'

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
  // 001: a service on a container host
  bridgeService,
  hairpin,
  masqueradeBySet,
  secondBackend,
  // 002: a small cluster by hand
  hostAddress,
  marksBySet,
  dummyLink,
  podNetwork,
  cleanUp,
  setTypes,
  setDirections,
]
export default experiments
