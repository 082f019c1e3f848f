/**
 * Which options go with which command and which tunnel type. Checks are made in one fixed order, so that of several
 * mistakes the same one is named as by ipvsadm.
 */
import type { TunnelType } from '../types.js'
import { refuse } from './errors.js'
import type { CommandName } from './option-table.js'

/** What is checked: some switches share a name (-t, -u and -f are all the service's address). */
const checkOrder = [
  'numeric', 'connection', 'service-address', 'scheduler', 'persistent', 'netmask', 'real-server',
  'forwarding-method', 'weight', 'u-threshold', 'l-threshold', 'mcast-interface', 'timeout', 'daemon', 'stats',
  'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'ops', 'pe', 'sched-flags', 'mcast-group',
  'mcast-port', 'mcast-ttl', 'sync-maxlen', 'tun-info', 'tun-type', 'tun-port', 'tun-nocsum', 'tun-csum',
  'tun-remcsum',
] as const // prettier-ignore

export type CheckedOption = (typeof checkOrder)[number]

interface Rule {
  readonly needs?: readonly CheckedOption[]
  readonly allows?: readonly CheckedOption[]
  /** At most one of these. */
  readonly excludes?: readonly CheckedOption[]
}

const service = ['service-address'] as const
const serviceSettings = ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'] as const
const server = ['service-address', 'real-server'] as const
const tunnelSwitches = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const
const serverSettings = [
  'forwarding-method', 'weight', 'u-threshold', 'l-threshold', 'tun-type', ...tunnelSwitches,
] as const // prettier-ignore
const daemonSettings = [
  'mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen',
] as const // prettier-ignore
const listSettings = [
  'numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'tun-info',
] as const // prettier-ignore

const commandRules: Readonly<Record<Exclude<CommandName, 'help' | 'version'>, Rule>> = {
  'add-service': { needs: service, allows: serviceSettings },
  'edit-service': { needs: service, allows: serviceSettings },
  'delete-service': { needs: service },
  clear: {},
  list: { allows: listSettings, excludes: ['connection', 'service-address', 'timeout', 'daemon'] },
  zero: { allows: service },
  'add-server': { needs: server, allows: serverSettings },
  'edit-server': { needs: server, allows: serverSettings },
  'delete-server': { needs: server },
  set: {},
  'start-daemon': { allows: daemonSettings },
  'stop-daemon': { allows: ['syncid'] },
  restore: {},
  save: { allows: ['numeric'] },
}

const tunnelRules: Readonly<Record<TunnelType, Rule>> = {
  ipip: {},
  gue: { needs: ['tun-port'], excludes: ['tun-nocsum', 'tun-csum', 'tun-remcsum'] },
  gre: { excludes: ['tun-nocsum', 'tun-csum'] },
}

export function checkCommand(command: keyof typeof commandRules, given: ReadonlySet<CheckedOption>): void {
  // The long option is --clear, yet ipvsadm's messages call the command flush.
  const name = command === 'clear' ? 'flush' : command
  check(commandRules[command], checkOrder, given, `'${name}' command`)
}

export function checkTunnel(type: TunnelType, given: ReadonlySet<CheckedOption>): void {
  check(tunnelRules[type], tunnelSwitches, given, `'${type}' tunnel type`)
}

function check(
  { needs = [], allows = [], excludes = [] }: Rule,
  order: readonly CheckedOption[],
  given: ReadonlySet<CheckedOption>,
  subject: string,
): void {
  let chosen: CheckedOption | undefined
  for (const option of order) {
    if (!given.has(option)) {
      if (needs.includes(option)) refuse(`You need to supply the '${option}' option for the ${subject}`)
    } else if (excludes.includes(option)) {
      if (chosen !== undefined)
        refuse(`The option '${option}' conflicts with the '${chosen}' option in the ${subject}`)
      chosen = option
    } else if (!needs.includes(option) && !allows.includes(option)) {
      refuse(`Illegal '${option}' option with the ${subject}`)
    }
  }
}
