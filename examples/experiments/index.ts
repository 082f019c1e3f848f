/** The experiments in the order in which to read them. */
import type { Experiment } from 'ipvs-director'
import bridgeService from './bridge-service.js'
import cleanUp from './clean-up.js'
import clusterCidr from './cluster-cidr.js'
import clusterIp from './cluster-ip.js'
import directRouting from './direct-routing.js'
import dummyLink from './dummy-link.js'
import externalIp from './external-ip.js'
import externalIpRules from './external-ip-rules.js'
import flows from './flows.js'
import fullNat from './full-nat.js'
import hairpin from './hairpin.js'
import headless from './headless.js'
import hostAddress from './host-address.js'
import ipipTunnel from './ipip-tunnel.js'
import ipvsadmCommands from './ipvsadm-commands.js'
import ipvsadmListings from './ipvsadm-listings.js'
import ipvsadmTable from './ipvsadm-table.js'
import kernelModules from './kernel-modules.js'
import loadBalancer from './load-balancer.js'
import marksBySet from './marks-by-set.js'
import masqueradeAll from './masquerade-all.js'
import masqueradeBySet from './masquerade-by-set.js'
import natMasquerade from './nat-masquerade.js'
import natReturnRoute from './nat-return-route.js'
import natWrongSource from './nat-wrong-source.js'
import nodePort from './node-port.js'
import nodePortLocal from './node-port-local.js'
import nodePortRules from './node-port-rules.js'
import podNetwork from './pod-network.js'
import saveAndRestore from './save-and-restore.js'
import schedulers from './schedulers.js'
import secondBackend from './second-backend.js'
import sessionAffinity from './session-affinity.js'
import setDirections from './set-directions.js'
import setTable from './set-table.js'
import setTypes from './set-types.js'
import threeThings from './three-things.js'
import thresholds from './thresholds.js'

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
  // 003: services of Kubernetes
  kernelModules,
  ipvsadmCommands,
  ipvsadmTable,
  ipvsadmListings,
  thresholds,
  threeThings,
  clusterIp,
  flows,
  sessionAffinity,
  externalIp,
  nodePort,
  nodePortLocal,
  headless,
  // 004: what IPVS needs iptables for
  masqueradeAll,
  clusterCidr,
  loadBalancer,
  nodePortRules,
  externalIpRules,
  setTable,
]
export default experiments
