export {
  clusterEndpoints,
  clusterNetwork,
  type ClusterEndpoints,
  type ClusterNetworkOptions,
} from './cluster-network.js'
export { containerNetwork, type ContainerNetworkOptions } from './container-network.js'
export { directorNetwork, type DirectorNetworkOptions } from './director-network.js'
export { flatNetwork, type FlatNetworkOptions } from './flat-network.js'
export { hostPair, type HostPairOptions } from './host-pair.js'
export type { Backend, Namespace, Reply, RequestOptions } from './namespace.js'
export type { HttpReply } from './protocol.js'
export type { BackendAnswer, BackendSpec, NamespaceSpec, RouteSpec, TopologySpec } from './spec.js'
export { Topology, type TopologyOptions } from './topology.js'
