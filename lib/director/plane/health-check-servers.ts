/**
 * Health-check node ports: small HTTP servers that tell outside balancers whether this node has endpoints of a service.
 * 200 with at least one, 503 with none; the count is in a header. They listen on all addresses of the namespace that
 * this process is in.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { HealthCheckState } from '../state/state.js'

interface RunningServer {
  readonly server: Server
  state: HealthCheckState
}

export class HealthCheckServers {
  readonly #servers = new Map<number, RunningServer>()

  states(): Map<number, HealthCheckState> {
    return new Map([...this.#servers].map(([port, { state }]) => [port, state]))
  }

  /** Opens the port, or changes what it says. Rejects with `EADDRINUSE` where another program has it. */
  async set(port: number, state: HealthCheckState): Promise<void> {
    const running = this.#servers.get(port)
    if (running !== undefined) {
      running.state = state
      return
    }
    const server = createServer((_request, response) => this.#answer(port, response))
    await listen(server, port)
    this.#servers.set(port, { server, state })
  }

  async remove(port: number): Promise<void> {
    const running = this.#servers.get(port)
    if (running === undefined) return
    this.#servers.delete(port)
    await close(running.server)
  }

  async close(): Promise<void> {
    for (const port of [...this.#servers.keys()]) await this.remove(port)
  }

  #answer(port: number, response: ServerResponse): void {
    const { owner, localEndpoints } = this.#servers.get(port)?.state ?? { owner: '', localEndpoints: 0 }
    const [namespace = '', name = ''] = owner.split('/')
    response.writeHead(localEndpoints > 0 ? 200 : 503, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      Connection: 'close',
    })
    response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }))
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port }, () => {
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
