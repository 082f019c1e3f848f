/** The network that most tests and demonstrations need: client, director, real servers behind a bridge. */
import { InvalidArgumentError } from '../../errors.js'
import type { BackendSpec, NamespaceSpec, TopologySpec } from './spec.js'

export interface DirectorNetworkOptions {
  /** How many real servers, named `rs1` … Default 2, at most 100. */
  readonly servers?: number
  /** Virtual addresses on the director, with prefix length. Default `['10.1.0.100/32']`. */
  readonly virtualAddresses?: readonly string[]
  /** What each real server runs. Default: HTTP on port 80. */
  readonly backends?: readonly BackendSpec[]
}

/**
 * `client` (10.1.0.2) — `director` (10.1.0.1 to the client on link `client`; 10.2.0.1 on bridge `servers`) — `rs1`
 * (10.2.0.11), `rs2` (10.2.0.12) and so on, which answer by way of the director (masquerading).
 */
export function directorNetwork(options: DirectorNetworkOptions = {}): TopologySpec {
  const {
    servers = 2,
    virtualAddresses = ['10.1.0.100/32'],
    backends = [{ protocol: 'http', port: 80 }],
  } = options
  if (!Number.isInteger(servers) || servers < 0 || servers > 100) {
    throw new InvalidArgumentError('servers', servers, 'a whole number from 0 to 100')
  }
  const names = Array.from({ length: servers }, (_, index) => `rs${index + 1}`)
  const realServers = names.map((name, index): [string, NamespaceSpec] => [
    name,
    {
      addresses: { eth0: [`10.2.0.${11 + index}/24`] },
      routes: [{ to: 'default', via: '10.2.0.1' }],
      backends,
    },
  ])
  return {
    namespaces: {
      client: { addresses: { eth0: ['10.1.0.2/24'] }, routes: [{ to: 'default', via: '10.1.0.1' }] },
      director: {
        bridges: { servers: names },
        addresses: { client: ['10.1.0.1/24', ...virtualAddresses], servers: ['10.2.0.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
      ...Object.fromEntries(realServers),
    },
    wires: [
      ['client:eth0', 'director:client'],
      ...names.map((name): [string, string] => [`${name}:eth0`, `director:${name}`]),
    ],
  }
}
