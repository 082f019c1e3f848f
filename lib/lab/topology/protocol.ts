/** What a topology and its agents (one process a namespace, see agent.ts) say to each other over the IPC channel. */
import type { BackendSpec } from './spec.js'

export interface RequestSpec {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

export interface ExchangeSpec {
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly text: string
  readonly timeoutMs: number
}

export interface HttpReply {
  readonly status: number
  readonly body: string
  readonly elapsedMs: number
}

export type ServeSpec = Required<Omit<BackendSpec, 'address'>> & Pick<BackendSpec, 'address'>

/** Each order with its argument and what comes back. */
export interface Orders {
  serve: { argument: ServeSpec; result: number }
  close: { argument: number; result: null }
  request: { argument: RequestSpec; result: HttpReply }
  exchange: { argument: ExchangeSpec; result: string }
}

export interface Order<Name extends keyof Orders = keyof Orders> {
  readonly id: number
  readonly name: Name
  readonly argument: Orders[Name]['argument']
}

export type Answer = { readonly id: number } & (
  { readonly result: Orders[keyof Orders]['result'] } | { readonly error: Refusal }
)

/** `code` is the system's (`ECONNREFUSED` …), `ETIMEDOUT` where the time was up. */
export interface Refusal {
  readonly message: string
  readonly code?: string
}
