/** A network as container runtimes make it: one host, its bridge, and a namespace for each container. */
import type { NamespaceSpec, TopologySpec } from './spec.js'

export interface ContainerNetworkOptions {
  /** Name of the bridge. Default `cbr0`. */
  readonly bridge?: string
  /** Address of each container by name; all in the bridge's subnet, whose host part 1 is the bridge. */
  readonly containers: Readonly<Record<string, string>>
  /** Where each of them serves HTTP. Default 8080. */
  readonly port?: number
}

/**
 * `host` (192.168.50.10 on `eth0`, a dummy link with a default route, as if there were a world outside) with a bridge;
 * each container has `eth0`, its other end is `veth_NAME` on the host, and the host is its default gateway.
 */
export function containerNetwork({
  bridge = 'cbr0',
  containers,
  port = 8080,
}: ContainerNetworkOptions): TopologySpec {
  const names = Object.keys(containers)
  const gateway = Object.values(containers)[0]?.replace(/\d+$/, '1') ?? '10.0.0.1'
  const container = (address: string): NamespaceSpec => ({
    addresses: { eth0: [`${address}/24`] },
    routes: [{ to: 'default', via: gateway }],
    backends: [{ protocol: 'http', port }],
  })
  return {
    namespaces: {
      host: {
        bridges: { [bridge]: names.map((name) => `veth_${name}`) },
        dummies: ['eth0'],
        addresses: { [bridge]: [`${gateway}/24`], eth0: ['192.168.50.10/24'] },
        routes: [{ to: 'default', via: '192.168.50.1' }],
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
      ...Object.fromEntries(names.map((name) => [name, container(containers[name] ?? '')])),
    },
    wires: names.map((name): [string, string] => [`host:veth_${name}`, `${name}:eth0`]),
  }
}
