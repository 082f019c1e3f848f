/** A new service comes with all of its servers in one change; here it is taken apart for those who look at single ones. */
import type { Server } from '../../ipvs/types.js'
import type { AddServiceChange, Change, ServerChange } from './changes.js'
import { keyOf } from './state.js'

const noServers: ReadonlyMap<string, Server> = new Map()

/** The same change in its smallest parts: a new service without servers, then each of them. */
export function singleChanges(change: Change): Change[] {
  if (change.type !== 'addService' || change.state.servers.size === 0) return [change]
  const bare: AddServiceChange = { ...change, state: { ...change.state, servers: noServers } }
  return [bare, ...[...change.state.servers.keys()].map((serverKey) => serverOf(change, serverKey))]
}

/** How many single changes these are. */
export function countSingleChanges(changes: readonly Change[]): number {
  let count = changes.length
  for (const change of changes) if (change.type === 'addService') count += change.state.servers.size
  return count
}

/** The part of a new service that is one of its servers. */
export function serverOf({ key, service, state }: AddServiceChange, serverKey: string): ServerChange {
  const server = state.servers.get(serverKey)
  if (server === undefined) throw new RangeError(`${key} has no server ${serverKey}`)
  return { type: 'addServer', key, service: keyOf(service), serverKey, server }
}
