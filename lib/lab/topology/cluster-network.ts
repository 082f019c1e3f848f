/** A cluster in small: three nodes with their pod networks, a pod on two of them, and a client outside. */
import type { NamespaceSpec, TopologySpec } from './spec.js'

export interface ClusterNetworkOptions {
  /** Where the pods serve HTTP. Default 80. */
  readonly port?: number
}

/**
 * `client` (192.168.80.8) and the nodes `node0` (192.168.80.100; no pod), `node1` (.101) and `node2` (.102) are on one
 * switch, each with a second address in 192.168.70.0/24. A node's bridge `cni0` is the gateway of its pods: 10.244.0.1,
 * 10.244.1.1, 10.244.2.1. `web1` (10.244.1.9) runs on node1, `web2` (10.244.2.6) on node2. Nodes know the way to each
 * other's pods, the client does not.
 */
export function clusterNetwork({ port = 80 }: ClusterNetworkOptions = {}): TopologySpec {
  return {
    namespaces: {
      switch: { bridges: { lan: ['client', 'node0', 'node1', 'node2'] } },
      client: { addresses: { eth0: ['192.168.80.8/24', '192.168.70.8/24'] } },
      node0: node(0, []),
      node1: node(1, ['web1']),
      node2: node(2, ['web2']),
      web1: pod('10.244.1.9', '10.244.1.1', port),
      web2: pod('10.244.2.6', '10.244.2.1', port),
    },
    wires: [
      ['switch:client', 'client:eth0'],
      ['switch:node0', 'node0:eth0'],
      ['switch:node1', 'node1:eth0'],
      ['switch:node2', 'node2:eth0'],
      ['node1:web1', 'web1:eth0'],
      ['node2:web2', 'web2:eth0'],
    ],
  }
}

function node(number: number, pods: readonly string[]): NamespaceSpec {
  const others = [0, 1, 2].filter((other) => other !== number)
  return {
    bridges: { cni0: pods },
    addresses: {
      eth0: [`192.168.80.${100 + number}/24`, `192.168.70.${100 + number}/24`],
      cni0: [`10.244.${number}.1/24`],
    },
    routes: others.map((other) => ({ to: `10.244.${other}.0/24`, via: `192.168.80.${100 + other}` })),
    sysctls: { 'net.ipv4.ip_forward': 1 },
  }
}

function pod(address: string, gateway: string, port: number): NamespaceSpec {
  return {
    addresses: { eth0: [`${address}/24`] },
    routes: [{ to: 'default', via: gateway }],
    backends: [{ protocol: 'http', port }],
  }
}

/** What Kubernetes says of the pods; the director takes it as it is. */
export interface ClusterEndpoints {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly addressType: 'IPv4'
  readonly ports: readonly { readonly name: string; readonly port: number }[]
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly nodeName: string }[]
}

/** The `discovery.k8s.io/v1` `EndpointSlice` of a service, in the namespace `default`, that both pods serve. */
export function clusterEndpoints(
  service: string,
  { port = 80 }: ClusterNetworkOptions = {},
): ClusterEndpoints {
  return {
    metadata: { name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints: [
      { addresses: ['10.244.1.9'], nodeName: 'node1' },
      { addresses: ['10.244.2.6'], nodeName: 'node2' },
    ],
  }
}
