/** `/metrics` for Prometheus, `/healthz` and `/livez` for whoever watches over the process. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Director, DirectorMetrics } from '../director/index.js'

export interface MetricsServerOptions {
  readonly director: Director
  readonly metrics: DirectorMetrics
  readonly port: number
  readonly host: string
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
  { director, metrics }: MetricsServerOptions,
): Promise<void> {
  const { expositionType } = await import('../director/index.js')
  const path = url.split('?', 1)[0]
  switch (path) {
    case '/metrics':
      response.writeHead(200, { 'Content-Type': expositionType }).end(await metrics.text())
      return
    case '/healthz':
    case '/livez': {
      const { code, body } = health(director, path === '/healthz')
      metrics.countAnswer(path === '/healthz' ? 'healthz' : 'livez', code)
      response.writeHead(code, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
      return
    }
    default:
      response
        .writeHead(404, { 'Content-Type': 'text/plain' })
        .end('there are /metrics, /healthz and /livez\n')
  }
}

/** As kube-proxy has it: what is owed waits not too long. A node on its way out is alive, and not healthy. */
function health(director: Director, asksForNode: boolean): { code: number; body: object } {
  const { healthy, nodeEligible, lastSync } = director.health()
  const isWell = healthy && lastSync !== undefined && (nodeEligible || !asksForNode)
  const body = {
    lastUpdated: lastSync ?? null,
    currentTime: new Date(),
    ...(asksForNode && { nodeEligible }),
  }
  return { code: isWell ? 200 : 503, body }
}
