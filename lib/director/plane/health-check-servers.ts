/**
 * Health-check node ports: small HTTP servers that tell outside balancers whether this node has endpoints of a service.
 * 200 with at least one and a director that keeps up, else 503; the count is in a header.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { ListenOptions } from 'node:net'
import type { HealthCheckState } from '../state/state.js'

/** All addresses: as Node.js has it, with the key under which a server is kept. */
const anywhere = '*'

interface RunningCheck {
  /** By the address that each listens on. */
  readonly servers: Map<string, Server>
  state: HealthCheckState
}

/** The descriptor of a bound socket that does not listen yet; without an address, on all of them. */
export type BindPort = (port: number, address: string | undefined) => Promise<number>

export class HealthCheckServers {
  readonly #checks = new Map<number, RunningCheck>()
  isHealthy: () => boolean = () => true

  /** `bind`: for another namespace than this process's, which is the only one that Node.js makes sockets in. */
  constructor(private readonly bind?: BindPort) {}

  /** What is served, with the addresses that are open in truth. */
  states(): Map<number, HealthCheckState> {
    return new Map([...this.#checks].map(([port, { state, servers }]) => [port, listening(state, servers)]))
  }

  /**
   * Opens the port on each address, or changes what it says and where. What can be opened is, also where another address
   * cannot: then it rejects with the reason, `EADDRINUSE` where another program has the port.
   */
  async set(port: number, state: HealthCheckState): Promise<void> {
    const check = this.#checks.get(port) ?? { servers: new Map<string, Server>(), state }
    check.state = state
    this.#checks.set(port, check)
    const wanted = new Set(state.addresses ?? [anywhere])
    // First what goes: one that listens everywhere is in the way of one that listens somewhere.
    for (const [address, server] of check.servers) {
      if (wanted.has(address)) continue
      check.servers.delete(address)
      await close(server)
    }
    const failures: unknown[] = []
    for (const address of wanted) {
      if (check.servers.has(address)) continue
      await this.#open(port, address, check).catch((error: unknown) => failures.push(error))
    }
    if (check.servers.size === 0) this.#checks.delete(port)
    if (failures.length > 0) throw failures[0]
  }

  async remove(port: number): Promise<void> {
    const check = this.#checks.get(port)
    if (check === undefined) return
    this.#checks.delete(port)
    for (const server of check.servers.values()) await close(server)
  }

  async close(): Promise<void> {
    for (const port of [...this.#checks.keys()]) await this.remove(port)
  }

  async #open(port: number, address: string, check: RunningCheck): Promise<void> {
    const server = createServer((_request, response) => this.#answer(check.state, response))
    const host = address === anywhere ? undefined : address
    // Of a cluster's worker, `exclusive` keeps the descriptor here: that number is another one's in the primary process.
    await listen(
      server,
      this.bind === undefined ? { port, host } : { fd: await this.bind(port, host), exclusive: true },
    )
    check.servers.set(address, server)
  }

  #answer({ owner, localEndpoints }: HealthCheckState, response: ServerResponse): void {
    const [namespace = '', name = ''] = owner.split('/')
    const serviceProxyHealthy = this.isHealthy()
    response.writeHead(localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      Connection: 'close',
    })
    response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }))
  }
}

function listening(state: HealthCheckState, servers: ReadonlyMap<string, Server>): HealthCheckState {
  const { addresses } = state
  return addresses === undefined
    ? state
    : { ...state, addresses: addresses.filter((one) => servers.has(one)) }
}

function listen(server: Server, where: ListenOptions & { readonly fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      // A health check alone must not keep a program alive.
      server.unref()
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
