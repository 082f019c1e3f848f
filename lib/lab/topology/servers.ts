/** Backends: small servers that say who they are and whom they saw. Bounded, so that a test cannot run away. */
import { createSocket } from 'node:dgram'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { ServeSpec } from './protocol.js'
import type { BackendAnswer } from './spec.js'

/** A connection that says nothing for so long is closed. */
const idleMs = 10_000
const mostConnections = 1024

export type StopServer = () => void

export async function serve(spec: ServeSpec): Promise<StopServer> {
  return { http: serveHttp, tcp: serveTcp, udp: serveUdp }[spec.protocol](spec)
}

async function serveHttp(spec: ServeSpec): Promise<StopServer> {
  const server = createHttpServer((request, response) => {
    const body = `${JSON.stringify(answer(spec.name, request.socket, request.url ?? ''))}\n`
    response.writeHead(200, { 'content-type': 'application/json', 'x-server': spec.name })
    response.end(body)
  })
  server.maxConnections = mostConnections
  server.setTimeout(idleMs)
  server.listen({ port: spec.port, host: spec.address })
  await once(server, 'listening')
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

async function serveTcp(spec: ServeSpec): Promise<StopServer> {
  const open = new Set<Socket>()
  const server = createTcpServer((socket) => {
    open.add(socket)
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {}) // the peer went away; 'close' follows
    socket.on('data', (text) =>
      socket.write(`${JSON.stringify(answer(spec.name, socket, text.toString()))}\n`),
    )
  })
  server.maxConnections = mostConnections
  server.listen({ port: spec.port, host: spec.address })
  await once(server, 'listening')
  return () => {
    server.close()
    for (const socket of open) socket.destroy()
  }
}

async function serveUdp(spec: ServeSpec): Promise<StopServer> {
  const socket = createSocket({
    type: spec.address === undefined || spec.address.includes(':') ? 'udp6' : 'udp4',
  })
  socket.on('message', (text, peer) => {
    const reply: BackendAnswer = {
      server: spec.name,
      client: plainAddress(peer.address),
      clientPort: peer.port,
      port: spec.port,
      echo: text.toString(),
    }
    socket.send(`${JSON.stringify(reply)}\n`, peer.port, peer.address)
  })
  socket.bind({ port: spec.port, address: spec.address })
  await once(socket, 'listening')
  return () => socket.close()
}

function answer(name: string, socket: Socket, echo: string): BackendAnswer {
  return {
    server: name,
    client: plainAddress(socket.remoteAddress ?? ''),
    clientPort: socket.remotePort ?? 0,
    address: plainAddress(socket.localAddress ?? ''),
    port: socket.localPort ?? 0,
    echo,
  }
}

/** A server on `::` sees IPv4 peers as `::ffff:a.b.c.d`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
