/** A network of the classic kind: client, director and real servers in one subnet, on one switch. */
import type { NamespaceSpec, TopologySpec } from './spec.js'

export interface FlatNetworkOptions {
  /** Address of `client`. Default `10.0.0.8`. */
  readonly client?: string
  /** Address of `director`. Default `10.0.0.161`. */
  readonly director?: string
  /** Addresses of `rs1`, `rs2` and so on, which serve HTTP on port 80. Default `10.0.0.42` and `10.0.0.78`. */
  readonly servers?: readonly string[]
}

/** All of them have a link `eth0` with a prefix length of 24, and nothing else: no routes, no virtual address. */
export function flatNetwork(options: FlatNetworkOptions = {}): TopologySpec {
  const { client = '10.0.0.8', director = '10.0.0.161', servers = ['10.0.0.42', '10.0.0.78'] } = options
  const host = (address: string): NamespaceSpec => ({ addresses: { eth0: [`${address}/24`] } })
  const hosts: Record<string, NamespaceSpec> = {
    client: host(client),
    director: { ...host(director), sysctls: { 'net.ipv4.ip_forward': 1 } },
  }
  for (const [index, address] of servers.entries())
    hosts[`rs${index + 1}`] = { ...host(address), backends: [{ protocol: 'http', port: 80 }] }
  const names = Object.keys(hosts)
  return {
    namespaces: { switch: { bridges: { br0: names } }, ...hosts },
    wires: names.map((name): [string, string] => [`switch:${name}`, `${name}:eth0`]),
  }
}
