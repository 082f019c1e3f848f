/** `/metrics` for Prometheus, `/healthz` and `/livez` for whoever watches over the process. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Director, DirectorMetrics } from '../director/index.js'

export interface MetricsServerOptions {
  readonly director: Director
  readonly metrics: DirectorMetrics
  readonly port: number
  readonly host: string
  /** A wish that waits longer than this for a pass makes `/healthz` say 503. */
  readonly longestWaitMs: number
}

/** Resolves once the port is open, which it has taken by then. */
export function serveMetrics(options: MetricsServerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, options).catch((error: unknown) => {
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`${String(error)}\n`)
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port, host: options.host }, () => resolve(server))
  })
}

async function answer(
  url: string,
  response: ServerResponse,
  { director, metrics, longestWaitMs }: MetricsServerOptions,
): Promise<void> {
  const { expositionType } = await import('../director/index.js')
  switch (url.split('?', 1)[0]) {
    case '/metrics':
      response.writeHead(200, { 'Content-Type': expositionType }).end(await metrics.text())
      return
    case '/healthz':
    case '/livez': {
      const { code, body } = health(director, longestWaitMs)
      response.writeHead(code, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
      return
    }
    default:
      response
        .writeHead(404, { 'Content-Type': 'text/plain' })
        .end('there are /metrics, /healthz and /livez\n')
  }
}

/** As kube-proxy has it: healthy while no wish has waited too long for a pass that ended. */
function health(director: Director, longestWaitMs: number): { code: number; body: object } {
  const { lastSync, lastQueued, wishes } = director.status()
  const now = new Date()
  const pending = wishes.services.pending + wishes.endpoints.pending > 0
  const waits = pending && lastQueued !== undefined && now.getTime() - lastQueued.getTime() > longestWaitMs
  const code = lastSync === undefined || waits ? 503 : 200
  return { code, body: { lastUpdated: lastSync ?? null, currentTime: now } }
}
