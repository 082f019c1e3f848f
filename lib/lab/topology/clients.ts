/** Requests from inside a namespace. Each opens a connection of its own, so that each is scheduled anew. */
import { createSocket, type Socket, type SocketType } from 'node:dgram'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { addAbortSignal } from 'node:stream'
import type { ExchangeSpec, HttpReply, RequestSpec } from './protocol.js'

/** More than any backend answers; a reply is cut there. */
const mostBytes = 65_536

export async function requestHttp(spec: RequestSpec): Promise<HttpReply> {
  const startedAt = performance.now()
  const request = httpRequest(spec.url, { agent: false, headers: spec.headers }).end()
  // From here on: what a first request has to load takes a busy machine part of the time that the other side is given.
  addAbortSignal(AbortSignal.timeout(spec.timeoutMs), request)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk
    if (body.length > mostBytes) break
  }
  return { status: response.statusCode ?? 0, body, elapsedMs: Math.round(performance.now() - startedAt) }
}

export async function exchange(spec: ExchangeSpec): Promise<string> {
  const signal = AbortSignal.timeout(spec.timeoutMs)
  return spec.protocol === 'tcp' ? exchangeTcp(spec, signal) : exchangeUdp(spec, signal)
}

async function exchangeTcp(spec: ExchangeSpec, signal: AbortSignal): Promise<string> {
  const socket = connect({ host: spec.address, port: spec.port })
  try {
    await once(socket, 'connect', { signal })
    socket.write(spec.text)
    const [reply] = (await once(socket, 'data', { signal })) as [Buffer]
    return reply.toString()
  } finally {
    socket.destroy()
  }
}

async function exchangeUdp(spec: ExchangeSpec, signal: AbortSignal): Promise<string> {
  const socket = await newUdpSocket(spec.address.includes(':') ? 'udp6' : 'udp4')
  try {
    socket.send(spec.text, spec.port, spec.address)
    const [reply] = (await once(socket, 'message', { signal })) as [Buffer]
    return reply.toString()
  } finally {
    socket.close()
  }
}

/** Ports that datagrams were sent from. An agent has a namespace of its own, and all of its ports. */
const usedPorts = new Set<number>()
/** By then hardly any port is left that was not used. */
const mostDraws = 100

/**
 * From a port that none before it had. The kernel draws one by lot, and now and then one that it drew before: the datagram would
 * belong to the connection of that one, and go where it went.
 */
async function newUdpSocket(type: SocketType): Promise<Socket> {
  for (let draws = 1; ; draws++) {
    const socket = createSocket(type).bind()
    await once(socket, 'listening')
    const { port } = socket.address()
    if (draws > mostDraws) usedPorts.clear()
    if (!usedPorts.has(port)) {
      usedPorts.add(port)
      return socket
    }
    socket.close()
  }
}
