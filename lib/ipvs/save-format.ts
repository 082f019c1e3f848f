/** The text of `ipvsadm -S` and `ipvsadm -R`: one command line a line. */
import type { Operation } from './ipvsadm/command.js'
import { endpointText, maskText, protocolOf } from './ipvsadm/entry-names.js'
import { CommandLineError, RestoreLineError } from './ipvsadm/errors.js'
import { type NumbersToNames, noNames } from './ipvsadm/names.js'
import { sortServers, sortServices } from './ipvsadm/order.js'
import { parseCommand } from './ipvsadm/parse-command.js'
import { splitLines } from './ipvsadm/restore-lines.js'
import { formatSchedulerFlags } from './ipvsadm/scheduler-flags.js'
import { tunnelSwitches } from './ipvsadm/tunnel-format.js'
import type { ServerState, ServiceState, ServiceWithServers } from './types.js'
import { MOST_PERSISTENCE_SECONDS } from './validate.js'

export interface SaveOptions {
  /** Connection thresholds as -x and -y. ipvsadm -S leaves them out and so loses them. @default true */
  readonly thresholds?: boolean
  /** In ipvsadm's order, else in the snapshot's. @default true */
  readonly sort?: boolean
  /** Names in place of numbers. Text with names can be restored only where they are known. @default none */
  readonly names?: NumbersToNames
}

/** The table as `ipvsadm -Sn` writes it, each line with its line feed. */
export function formatSave(snapshot: Iterable<ServiceWithServers>, options: SaveOptions = {}): string {
  const { sort = true, thresholds = true, names = noNames } = options
  const lines: string[] = []
  const services = [...snapshot]
  for (const service of sort ? sortServices(services) : services) {
    const key = keySwitches(service, names)
    lines.push(`-A ${key}${serviceSwitches(service)}\n`)
    for (const server of sort ? sortServers(service.servers) : service.servers) {
      const endpoint = endpointText(server.address, server.port, protocolOf(service), names)
      lines.push(`-a ${key} -r ${endpoint}${serverSwitches(server, thresholds)}\n`)
    }
  }
  return lines.join('')
}

const protocolSwitches = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const
const forwardingSwitches = {
  masquerade: '-m',
  tunnel: '-i',
  direct: '-g',
  // The kernel finds out by itself which servers are its own; ipvsadm restores them as direct.
  local: '-g',
  bypass: '-g',
} as const

function keySwitches(service: ServiceState, names: NumbersToNames): string {
  if ('fwmark' in service) return `-f ${service.fwmark}${service.family === 'inet6' ? ' -6' : ''}`
  const endpoint = endpointText(service.address, service.port, service.protocol, names)
  return `${protocolSwitches[service.protocol]} ${endpoint}`
}

function serviceSwitches(service: ServiceState): string {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service
  const mask = maskText(service)
  return [
    ` -s ${scheduler}`,
    persistence && ` -p ${persistence.timeoutSeconds}`,
    persistence && mask && ` -M ${mask}`,
    persistenceEngine && ` --pe ${persistenceEngine}`,
    onePacket && ' -o',
    schedulerFlags.length > 0 && ` -b ${formatSchedulerFlags(schedulerFlags, scheduler)}`,
  ]
    .filter((text) => typeof text === 'string')
    .join('')
}

function serverSwitches(server: ServerState, thresholds: boolean): string {
  const { forwarding, weight, upperThreshold: upper, lowerThreshold: lower } = server
  const limits = thresholds ? `${upper > 0 ? ` -x ${upper}` : ''}${lower > 0 ? ` -y ${lower}` : ''}` : ''
  return ` ${forwardingSwitches[forwarding]} -w ${weight}${limits}${tunnelSwitches(server)}`
}

/** One operation of a saved table, and the line that it stands in. */
export type RestoreOperation = Operation & {
  /** From 1. */
  readonly line: number
  readonly text: string
}

/**
 * The operations of a text that `formatSave()` or `ipvsadm -S -n` wrote, or that was written by hand in the options of
 * ipvsadm(8). Empty lines and lines that begin with `#` are passed over; a leading word `ipvsadm` may stand in a line.
 *
 * @throws RestoreLineError for the first line that is no operation: malformed, with a name that only a resolver knows,
 *   or a command that shows something (-L, -S) or reads another text (-R)
 */
export function parseRestore(text: string): RestoreOperation[] {
  const operations: RestoreOperation[] = []
  for (const { line, words, text: source } of splitLines(text)) {
    if (words[0]?.startsWith('#')) continue
    operations.push({ ...parseLine(line, words, source), line, text: source })
  }
  return operations
}

function parseLine(line: number, words: readonly string[], source: string): Operation {
  try {
    // Not ipvsadm's own limit: what save() wrote must be readable.
    const command = parseCommand(words, noNames, MOST_PERSISTENCE_SECONDS)
    switch (command.operation) {
      case 'listTable':
      case 'listConnections':
      case 'listTimeouts':
      case 'listDaemons':
      case 'save':
      case 'restore':
      case 'help':
      case 'version':
        throw new RestoreLineError(line, source, 'not a command that changes the table')
      default:
        return command
    }
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error
    throw new RestoreLineError(line, source, error.message.trim(), error)
  }
}
