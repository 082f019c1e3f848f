/** Two hosts on one wire: each can be director and real server at once, as the nodes of a small cluster are. */
import type { NamespaceSpec, TopologySpec } from './spec.js'

export interface HostPairOptions {
  /** Addresses of `host0` and `host1`, of one subnet with a prefix length of 24. Default 10.130.17.30 and .31. */
  readonly addresses?: readonly [string, string]
  /** Where both serve HTTP. Default 8888. */
  readonly port?: number
}

/** `host0` and `host1`, each with a link `eth0`; they forward packets, and know no network but their own. */
export function hostPair(options: HostPairOptions = {}): TopologySpec {
  const { addresses = ['10.130.17.30', '10.130.17.31'], port = 8888 } = options
  const host = (address: string): NamespaceSpec => ({
    addresses: { eth0: [`${address}/24`] },
    sysctls: { 'net.ipv4.ip_forward': 1 },
    backends: [{ protocol: 'http', port }],
  })
  return {
    namespaces: { host0: host(addresses[0]), host1: host(addresses[1]) },
    wires: [['host0:eth0', 'host1:eth0']],
  }
}
