/** The connection table, which IPVS shows as text only. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseConnection } from './connection-line.js'
import type { Connection } from './types.js'

export interface ConnectionsOptions {
  /**
   * Tell where each connection comes from, in place of what persistence engines keep: /proc/net/ip_vs_conn_sync
   * instead of /proc/net/ip_vs_conn. @default false
   */
  readonly origin?: boolean
}

/**
 * Awaited it is an array, iterated it is a stream. The kernel walks its table while it is read: connections that come or
 * go meanwhile may be missing.
 */
export class Connections implements AsyncIterable<Connection>, PromiseLike<Connection[]> {
  /** @param open opens the table's file anew */
  constructor(
    private readonly open: () => Promise<number>,
    private readonly withOrigin: boolean,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, undefined> {
    // The stream owns the descriptor from here on.
    const input = createReadStream('', { fd: await this.open() })
    try {
      for await (const line of createInterface({ input })) {
        const connection = parseConnection(line, this.withOrigin)
        if (connection !== undefined) yield connection
      }
    } finally {
      input.destroy()
    }
  }

  then<Fulfilled = Connection[], Rejected = never>(
    onFulfilled?: ((items: Connection[]) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.toArray().then(onFulfilled, onRejected)
  }

  async toArray(): Promise<Connection[]> {
    const all: Connection[] = []
    for await (const connection of this) all.push(connection)
    return all
  }
}
