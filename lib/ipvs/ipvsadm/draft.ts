import type { Family, ForwardingMethod, Protocol, SyncDaemon, TunnelChecksum, TunnelType } from '../types.js'
import { type CheckedOption } from './combinations.js'
import { refuse } from './errors.js'
import type { NamesToNumbers } from './names.js'

/** ipvsadm's own default for -p without a number, seconds. (Its manual says 300.) */
const defaultPersistenceSeconds = 360

/**
 * A command line while it is read. ipvsadm reads it strictly from left to right, and what a switch means may depend on
 * the ones before it: the mask on the family, a port's name on the protocol.
 */
export class Draft {
  readonly given = new Set<CheckedOption>()

  protocol: Protocol | undefined
  family: Family | undefined
  address = '0.0.0.0'
  port = 0
  fwmark = 0
  scheduler = ''
  schedulerFlags = ''
  persistenceSeconds: number | undefined
  /** Dotted for IPv4, a prefix length for IPv6; undefined for a single client. */
  netmask: string | number | undefined
  persistenceEngine = ''

  serverFamily: Family | undefined
  serverAddress = ''
  serverPort = 0
  forwarding: ForwardingMethod = 'direct'
  weight = 1
  upperThreshold = 0
  lowerThreshold = 0
  tunnelType: TunnelType = 'ipip'
  tunnelPort = 0
  tunnelChecksum: TunnelChecksum = 'none'

  readonly daemon: { -readonly [Name in keyof SyncDaemon]: SyncDaemon[Name] } = {
    state: 'master',
    interface: 'eth0',
  }

  constructor(
    readonly names: NamesToNumbers,
    readonly mostPersistenceSeconds: number,
  ) {}

  /** Every option may be given once, and those that share a name once together. */
  mark(option: CheckedOption): void {
    if (this.given.has(option)) refuse(`multiple '${option}' options specified`)
    this.given.add(option)
  }

  setPersistence(seconds: number | undefined): void {
    this.persistenceSeconds = seconds ?? defaultPersistenceSeconds
  }
}
