/** What each switch does to the draft, in the words in which ipvsadm refuses its argument. */
import type { ForwardingMethod, Protocol, TunnelChecksum, TunnelType } from '../types.js'
import type { Draft } from './draft.js'
import { parseEndpoint } from './endpoint.js'
import { refuse } from './errors.js'
import { leadingNumber, looseIPv4, strictIPv4, strictIPv6, wholeNumber } from './numbers.js'
import type { SwitchName } from './option-table.js'
import { parseSeconds } from './seconds.js'
import type { CheckedOption } from './combinations.js'

type Apply = (draft: Draft, argument: string) => void

const intMax = 2147483647
/** Names longer than the kernel's fields are cut as ipvsadm cuts them (IP_VS_SCHEDNAME_MAXLEN, IP_VS_IFNAME_MAXLEN). */
const nameLength = 15

export const switches: Readonly<Record<SwitchName, Apply>> = {
  'tcp-service': serviceAddress('tcp'),
  'udp-service': serviceAddress('udp'),
  'sctp-service': serviceAddress('sctp'),
  'fwmark-service': fwmark,
  ipv6,
  scheduler: text('scheduler', (draft, name) => (draft.scheduler = name.slice(0, nameLength))),
  persistent,
  netmask,
  pe: text('pe', (draft, name) => (draft.persistenceEngine = name.slice(0, nameLength))),
  'sched-flags': text('sched-flags', (draft, flags) => (draft.schedulerFlags = flags)),
  ops: mark('ops'),

  'real-server': realServer,
  masquerading: forwarding('masquerade'),
  ipip: forwarding('tunnel'),
  gatewaying: forwarding('direct'),
  weight: number('weight', 'weight', 0, intMax, (draft, value) => (draft.weight = value)),
  'u-threshold': number('u-threshold', 'u_threshold', 0, intMax, (draft, value) => {
    draft.upperThreshold = value
  }),
  'l-threshold': number('l-threshold', 'l_threshold', 0, intMax, (draft, value) => {
    draft.lowerThreshold = value
  }),
  'tun-type': tunnelType,
  'tun-port': number('tun-port', 'tunnel port', 1, 65535, (draft, value) => (draft.tunnelPort = value)),
  'tun-nocsum': tunnelChecksum('tun-nocsum', 'none'),
  'tun-csum': tunnelChecksum('tun-csum', 'checksum'),
  'tun-remcsum': tunnelChecksum('tun-remcsum', 'remote-checksum'),

  numeric: mark('numeric'),
  connection: mark('connection'),
  timeout: mark('timeout'),
  daemon: mark('daemon'),
  stats: mark('stats'),
  rate: mark('rate'),
  thresholds: mark('thresholds'),
  'persistent-conn': mark('persistent-conn'),
  'tun-info': mark('tun-info'),
  sort: () => undefined,
  nosort: mark('nosort'),
  exact: mark('exact'),

  'mcast-interface': text('mcast-interface', (draft, name) => {
    if (name !== '') draft.daemon.interface = name.slice(0, nameLength)
  }),
  syncid: number('syncid', 'syncid', 0, 255, (draft, value) => (draft.daemon.syncId = value)),
  'mcast-group': multicastGroup,
  'mcast-port': number('mcast-port', 'mcast-port', 1, 65535, (draft, value) => (draft.daemon.port = value)),
  'mcast-ttl': number('mcast-ttl', 'mcast-ttl', 1, 255, (draft, value) => (draft.daemon.ttl = value)),
  'sync-maxlen': number('sync-maxlen', 'sync-maxlen', 1, 65535 - 20 - 8, (draft, value) => {
    draft.daemon.maxLength = value
  }),
}

function mark(option: CheckedOption): Apply {
  return (draft) => draft.mark(option)
}

function text(option: CheckedOption, apply: Apply): Apply {
  return (draft, argument) => {
    draft.mark(option)
    apply(draft, argument)
  }
}

function number(
  option: CheckedOption,
  word: string,
  minimum: number,
  maximum: number,
  apply: (draft: Draft, value: number) => void,
): Apply {
  return (draft, argument) => {
    draft.mark(option)
    apply(draft, wholeNumber(argument, minimum, maximum) ?? refuse(`illegal ${word} specified`))
  }
}

function serviceAddress(protocol: Protocol): Apply {
  return (draft, argument) => {
    draft.mark('service-address')
    draft.protocol = protocol
    const endpoint =
      parseEndpoint(argument, protocol, draft.names) ??
      refuse('illegal virtual server address[:port] specified')
    draft.address = endpoint.address
    draft.family = endpoint.family
    draft.port = endpoint.port ?? 0
    if (endpoint.family === 'inet6') draft.netmask = undefined
  }
}

function fwmark(draft: Draft, argument: string): void {
  draft.mark('service-address')
  draft.family = 'inet'
  draft.protocol = 'tcp' // only for the names of ports that follow
  draft.fwmark =
    wholeNumber(argument, 1, 0xffffffff) ?? refuse(`invalid fwmark value \`${argument}' specified`)
}

function ipv6(draft: Draft): void {
  if (draft.fwmark === 0) refuse('-6 used before -f\n')
  draft.family = 'inet6'
  draft.netmask = undefined
}

function persistent(draft: Draft, argument: string | undefined): void {
  draft.mark('persistent')
  draft.setPersistence(
    argument === undefined ? undefined : parseSeconds(argument, 1, draft.mostPersistenceSeconds),
  )
}

function netmask(draft: Draft, argument: string): void {
  draft.mark('netmask')
  if (draft.family === 'inet6') {
    draft.netmask = leadingNumber(argument)
    if (draft.netmask < 1 || draft.netmask > 128) refuse('illegal ipv6 netmask specified')
  } else {
    draft.netmask =
      looseIPv4(argument) ??
      draft.names.address(argument) ??
      refuse('illegal virtual server persistent mask specified')
  }
}

/** The service's port is taken over only when its address stands before this one. */
function realServer(draft: Draft, argument: string): void {
  draft.mark('real-server')
  const endpoint =
    parseEndpoint(argument, draft.protocol, draft.names) ??
    refuse('illegal real server address[:port] specified')
  draft.serverFamily = endpoint.family
  draft.serverAddress = endpoint.address
  draft.serverPort = endpoint.port ?? draft.port
}

function forwarding(method: ForwardingMethod): Apply {
  return (draft) => {
    draft.mark('forwarding-method')
    draft.forwarding = method
  }
}

function tunnelType(draft: Draft, argument: string): void {
  draft.mark('tun-type')
  const types: readonly TunnelType[] = ['ipip', 'gue', 'gre']
  draft.tunnelType = types.find((type) => type === argument) ?? refuse('illegal tunnel type specified')
}

function tunnelChecksum(option: CheckedOption, checksum: TunnelChecksum): Apply {
  return (draft) => {
    draft.mark(option)
    draft.tunnelChecksum = checksum
  }
}

function multicastGroup(draft: Draft, argument: string): void {
  draft.mark('mcast-group')
  if (argument.includes(':')) {
    const address = strictIPv6(argument)
    if (address === undefined || !/^ff/i.test(address)) refuse(`invalid IPv6 mcast-group \`${argument}'`)
  } else {
    const first = Number(strictIPv4(argument)?.split('.')[0])
    if (!(first >= 224 && first <= 239)) refuse(`invalid IPv4 mcast-group \`${argument}'`)
  }
  draft.daemon.group = argument
}
