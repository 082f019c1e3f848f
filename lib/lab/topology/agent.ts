/**
 * The program that runs inside a namespace on behalf of a topology: it serves and it asks. Started by
 * agent-process.ts; it ends when the topology (the IPC channel) goes away.
 */
import { exchange, requestHttp } from './clients.js'
import type { Answer, Order, Orders, Refusal } from './protocol.js'
import { serve, type StopServer } from './servers.js'

const servers = new Map<number, StopServer>()

type Handlers = {
  [Name in keyof Orders]: (argument: Orders[Name]['argument']) => Promise<Orders[Name]['result']>
}

const handlers: Handlers = {
  async serve(spec) {
    const handle = servers.size + 1
    servers.set(handle, await serve(spec))
    return handle
  },
  async close(handle) {
    servers.get(handle)?.()
    servers.set(handle, () => {}) // handles are never given out twice
    return null
  },
  request: requestHttp,
  exchange,
}

async function obey(order: Order): Promise<Answer> {
  try {
    const handle = handlers[order.name] as (argument: unknown) => Promise<Orders[keyof Orders]['result']>
    return { id: order.id, result: await handle(order.argument) }
  } catch (error) {
    return { id: order.id, error: refusal(error) }
  }
}

function refusal(error: unknown): Refusal {
  const { cause, message, code } = error as NodeJS.ErrnoException
  const late = cause instanceof Error && cause.name === 'TimeoutError'
  if (late) return { message: 'no answer in time', code: 'ETIMEDOUT' }
  return { message, ...(code !== undefined && { code }) }
}

process.on('message', (order: Order) => {
  void obey(order).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
