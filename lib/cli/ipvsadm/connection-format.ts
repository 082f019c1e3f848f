import { endpointText } from '../../ipvs/ipvsadm/entry-names.js'
import type { NumbersToNames } from '../../ipvs/ipvsadm/names.js'
import type { Connection } from '../../ipvs/types.js'

export interface ConnectionsOptions {
  readonly names: NumbersToNames
  /** What a persistence engine keeps of a template: `-L -c --persistent-conn`. */
  readonly persistenceEngineData: boolean
}

const title = `pro expire ${'state'.padEnd(11)} ${'source'.padEnd(18)} ${'virtual'.padEnd(18)} `

/** The connection table as `ipvsadm -L -c` prints it. */
export function formatConnections(
  connections: Iterable<Connection>,
  { names, persistenceEngineData }: ConnectionsOptions,
): string {
  const last = persistenceEngineData
    ? `${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data`
    : 'destination'
  const lines = ['IPVS connection entries', `${title}${last}`]
  for (const connection of connections) lines.push(connectionLine(connection, names, persistenceEngineData))
  return lines.map((line) => `${line}\n`).join('')
}

function connectionLine(connection: Connection, names: NumbersToNames, withEngine: boolean): string {
  const { protocol, state, expiresSeconds, persistenceEngine } = connection
  const [source, virtual, destination] = [connection.client, connection.virtual, connection.server].map(
    ({ address, port }) => endpointText(address, port, protocol, names),
  ) as [string, string, string]
  const line = [
    protocol.toUpperCase().padEnd(3),
    clock(expiresSeconds).padEnd(6),
    state.padEnd(11),
    source.padEnd(18),
    virtual.padEnd(18),
  ]
  if (withEngine && persistenceEngine !== undefined) {
    // ipvsadm's columns are narrower here than their titles.
    line.push(destination.padEnd(16), persistenceEngine.name.padEnd(18), persistenceEngine.data)
  } else {
    line.push(destination)
  }
  return line.join(' ')
}

function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return `${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}
