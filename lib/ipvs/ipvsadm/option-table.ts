/** The options of ipvsadm(8) as they are spelled, and what each of them needs. */

export type CommandName =
  | 'add-service' | 'edit-service' | 'delete-service' | 'clear' | 'list' | 'zero'
  | 'add-server' | 'edit-server' | 'delete-server'
  | 'set' | 'start-daemon' | 'stop-daemon' | 'restore' | 'save' | 'help' | 'version' // prettier-ignore

export type SwitchName =
  | 'tcp-service' | 'udp-service' | 'sctp-service' | 'fwmark-service' | 'ipv6'
  | 'scheduler' | 'persistent' | 'netmask' | 'pe' | 'sched-flags' | 'ops'
  | 'real-server' | 'masquerading' | 'ipip' | 'gatewaying' | 'weight' | 'u-threshold' | 'l-threshold'
  | 'tun-type' | 'tun-port' | 'tun-nocsum' | 'tun-csum' | 'tun-remcsum'
  | 'numeric' | 'connection' | 'timeout' | 'daemon' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn'
  | 'tun-info' | 'sort' | 'nosort' | 'exact'
  | 'mcast-interface' | 'syncid' | 'mcast-group' | 'mcast-port' | 'mcast-ttl' | 'sync-maxlen' // prettier-ignore

export interface Option {
  readonly name: CommandName | SwitchName
  /** One letter or digit each; several may stand in one word. */
  readonly short: string
  readonly argument: 'none' | 'required' | 'optional'
}

function option(name: Option['name'], short = '', argument: Option['argument'] = 'none'): Option {
  return { name, short, argument }
}

const commands: readonly Option[] = [
  option('add-service', 'A'),
  option('edit-service', 'E'),
  option('delete-service', 'D'),
  option('clear', 'C'),
  option('list', 'Ll'),
  option('zero', 'Z'),
  option('add-server', 'a'),
  option('edit-server', 'e'),
  option('delete-server', 'd'),
  option('set'),
  option('start-daemon', '', 'required'),
  option('stop-daemon', '', 'required'),
  option('restore', 'R'),
  option('save', 'S'),
  option('help', 'h'),
  option('version', 'v'),
]

const switches: readonly Option[] = [
  option('tcp-service', 't', 'required'),
  option('udp-service', 'u', 'required'),
  option('sctp-service', '', 'required'),
  option('fwmark-service', 'f', 'required'),
  option('ipv6', '6'),
  option('scheduler', 's', 'required'),
  option('persistent', 'p', 'optional'),
  option('netmask', 'M', 'required'),
  option('pe', '', 'required'),
  option('sched-flags', 'b', 'required'),
  option('ops', 'o'),
  option('real-server', 'r', 'required'),
  option('masquerading', 'm'),
  option('ipip', 'i'),
  option('gatewaying', 'g'),
  option('weight', 'w', 'required'),
  option('u-threshold', 'x', 'required'),
  option('l-threshold', 'y', 'required'),
  option('tun-type', '', 'required'),
  option('tun-port', '', 'required'),
  option('tun-nocsum'),
  option('tun-csum'),
  option('tun-remcsum'),
  option('numeric', 'n'),
  option('connection', 'c'),
  option('timeout'),
  option('daemon'),
  option('stats'),
  option('rate'),
  option('thresholds'),
  option('persistent-conn'),
  option('tun-info'),
  option('sort'),
  option('nosort'),
  option('exact', 'X'),
  option('mcast-interface', '', 'required'),
  option('syncid', '', 'required'),
  option('mcast-group', '', 'required'),
  option('mcast-port', '', 'required'),
  option('mcast-ttl', '', 'required'),
  option('sync-maxlen', '', 'required'),
]

const commandNames = new Set<string>(commands.map(({ name }) => name))
const everything = [...commands, ...switches]
const byLetter = new Map(everything.flatMap((each) => [...each.short].map((letter) => [letter, each])))
const byName = new Map<string, Option>(everything.map((each) => [each.name, each]))

export function isCommand(name: Option['name']): name is CommandName {
  return commandNames.has(name)
}

export function longOption(name: string): Option | undefined {
  return byName.get(name)
}

export function shortOption(letter: string): Option | undefined {
  return byLetter.get(letter)
}
