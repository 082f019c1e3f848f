/** A plain virtual service, for control planes that are not Kubernetes: everything that IPVS can do. */
import { formatEndpoint } from '../../address.js'
import { InvalidArgumentError } from '../../errors.js'
import type { Family, Server, Service, ServiceKey, ServiceOptions, Tunnel } from '../../ipvs/types.js'
import { drainTimeout, scheduler, schedulerFlags } from './check-ipvs.js'
import * as check from './check.js'
import { familyOf } from './ip.js'
import { serviceKeyText } from '../state/state.js'

export interface VirtualServiceOptions extends ServiceOptions {
  /** @default the director's scheduler */
  readonly scheduler?: ServiceOptions['scheduler'] & string
  readonly servers: readonly Server[]
  /** Identity among the director's services. @default the key as text: `'tcp 10.0.0.1:80'` */
  readonly name?: string
  /** Bind the address to the dummy link, unless another interface has it. @default true */
  readonly bind?: boolean
  /**
   * Who gets the director's address as source: `'auto'`: as for a cluster address (option `localTraffic`); true:
   * everybody; false: nobody, as servers that answer clients directly need it.
   * @default 'auto' where a server is masqueraded to, else false
   */
  readonly sourceNat?: boolean | 'auto'
  /** @default the director's */
  readonly drainTimeoutSeconds?: number
}

/** `{ address, port, protocol, servers … }` or `{ fwmark, family, servers … }`. */
export type VirtualService = ServiceKey & VirtualServiceOptions

export interface VirtualServiceSpec {
  readonly name: string
  readonly service: Service & { readonly scheduler?: string }
  readonly servers: ReadonlyMap<string, Server>
  readonly bind: boolean
  readonly sourceNat: boolean | 'auto'
  readonly drainTimeoutSeconds: number | undefined
}

/** @throws InvalidArgumentError */
export function virtualServiceName(service: VirtualService): string {
  check.object('virtualService', service)
  return service.name === undefined ? serviceKeyText(readKey(service)) : check.text('name', service.name)
}

/** @throws InvalidArgumentError naming the field */
export function readVirtualService(given: VirtualService): VirtualServiceSpec {
  const name = virtualServiceName(given)
  check.knownKeys(
    '',
    given,
    'fwmark' in given ? [...markKeys, ...optionKeys] : [...addressKeys, ...optionKeys],
  )
  // Not by spreading: see ipvs/rows.ts, serviceAt.
  const key = readKey(given)
  const service = Object.assign(key, readServiceOptions(given, familyOfService(key)))
  if (!('fwmark' in service) && service.port === 0 && service.persistence === undefined) {
    throw new InvalidArgumentError('port', 0, '1–65535, or 0 with persistence')
  }
  const servers = new Map<string, Server>()
  check.each('servers', given.servers, (server) => {
    const read = readServer(server, service)
    const key = formatEndpoint(read.address, read.port)
    if (servers.has(key)) throw new InvalidArgumentError('', key, 'each server once')
    servers.set(key, read)
  })
  const masquerades = [...servers.values()].some((server) => server.forwarding === 'masquerade')
  return {
    name,
    service,
    servers,
    bind: given.bind === undefined ? true : check.boolean('bind', given.bind),
    sourceNat: readSourceNat(given.sourceNat ?? (masquerades || servers.size === 0 ? 'auto' : false)),
    drainTimeoutSeconds:
      given.drainTimeoutSeconds === undefined
        ? undefined
        : drainTimeout('drainTimeoutSeconds', given.drainTimeoutSeconds),
  }
}

const markKeys = ['fwmark', 'family']
const addressKeys = ['protocol', 'address', 'port']
const optionKeys: readonly (keyof VirtualServiceOptions)[] = [
  'name',
  'scheduler',
  'schedulerFlags',
  'persistence',
  'persistenceEngine',
  'onePacket',
  'servers',
  'bind',
  'sourceNat',
  'drainTimeoutSeconds',
]
const serverKeys: readonly (keyof Server)[] = [
  'address',
  'port',
  'forwarding',
  'weight',
  'upperThreshold',
  'lowerThreshold',
  'tunnel',
]

/** Whether it is a plain service; a Kubernetes one has none of these fields. */
export function isVirtualService(value: object): value is VirtualService {
  return 'servers' in value || 'fwmark' in value || 'address' in value
}

function familyOfService(service: ServiceKey): Family {
  return 'fwmark' in service ? service.family : familyOf(service.address)
}

function readKey(given: VirtualService): ServiceKey {
  if ('fwmark' in given) {
    return {
      fwmark: check.integer('fwmark', given.fwmark, 1, 0xffffffff),
      family: check.oneOf('family', given.family, ['inet', 'inet6']),
    }
  }
  return {
    protocol: check.protocol('protocol', given.protocol),
    address: check.address('address', given.address),
    port: check.integer('port', given.port, 0, 65535),
  }
}

/** The kernel counts ticks in 32 bits, of which there may be a thousand a second. */
const longestPersistenceSeconds = 4294967

function readServiceOptions(given: VirtualService, family: Family): ServiceOptions {
  const { persistence } = given
  if (persistence !== undefined) {
    check.object('persistence', persistence)
    check.knownKeys('persistence', persistence, ['timeoutSeconds', 'prefixLength'])
    check.integer('persistence.timeoutSeconds', persistence.timeoutSeconds, 1, longestPersistenceSeconds)
    if (persistence.prefixLength !== undefined)
      check.integer('persistence.prefixLength', persistence.prefixLength, 1, family === 'inet' ? 32 : 128)
  }
  const flags = schedulerFlags('schedulerFlags', given.schedulerFlags ?? [])
  return {
    ...(given.scheduler !== undefined && { scheduler: scheduler('scheduler', given.scheduler) }),
    ...(flags.length > 0 && { schedulerFlags: flags }),
    ...(persistence !== undefined && { persistence }),
    ...(given.persistenceEngine !== undefined && {
      persistenceEngine: check.text('persistenceEngine', given.persistenceEngine),
    }),
    ...(given.onePacket !== undefined && check.boolean('onePacket', given.onePacket) && { onePacket: true }),
  }
}

function readServer(given: Server, service: ServiceKey): Server & { readonly port: number } {
  check.knownKeys('', given, serverKeys)
  const address = check.address('address', given.address)
  const forwarding = check.oneOf('forwarding', given.forwarding ?? 'masquerade', [
    'masquerade',
    'direct',
    'tunnel',
  ])
  const servicePort = 'fwmark' in service ? 0 : service.port
  const port = check.integer('port', given.port ?? servicePort, 0, 65535)
  if (forwarding !== 'masquerade' && port !== servicePort) {
    throw new InvalidArgumentError(
      'port',
      port,
      `${servicePort}: forwarding '${forwarding}' cannot change the port`,
    )
  }
  const family = familyOfService(service)
  if (forwarding !== 'tunnel' && familyOf(address) !== family) {
    const wanted = family === 'inet' ? 'an IPv4 address' : 'an IPv6 address'
    throw new InvalidArgumentError(
      'address',
      given.address,
      `${wanted}, as the service: only a tunnel leads to the other family`,
    )
  }
  const upperThreshold = check.integer('upperThreshold', given.upperThreshold ?? 0, 0, 2147483647)
  const lowest = upperThreshold === 0 ? 0 : upperThreshold
  const lowerThreshold = check.integer('lowerThreshold', given.lowerThreshold ?? 0, 0, lowest)
  return {
    address,
    port,
    forwarding,
    weight: check.integer('weight', given.weight ?? 1, 0, 2147483647),
    ...(upperThreshold > 0 && { upperThreshold, lowerThreshold }),
    ...(given.tunnel !== undefined && { tunnel: readTunnel(given.tunnel, forwarding) }),
  }
}

function readTunnel(tunnel: Tunnel, forwarding: string): Tunnel {
  if (forwarding !== 'tunnel')
    throw new InvalidArgumentError('tunnel', tunnel, "nothing: it needs forwarding 'tunnel'")
  check.knownKeys('tunnel', tunnel, ['type', 'port', 'checksum'])
  const type = check.oneOf('tunnel.type', tunnel.type ?? 'ipip', ['ipip', 'gue', 'gre'])
  if (type === 'gue') check.port('tunnel.port', tunnel.port)
  else if (tunnel.port !== undefined)
    throw new InvalidArgumentError('tunnel.port', tunnel.port, 'no port without gue')
  if (tunnel.checksum !== undefined) {
    check.oneOf('tunnel.checksum', tunnel.checksum, ['none', 'checksum', 'remote-checksum'])
  }
  return tunnel
}

function readSourceNat(value: boolean | 'auto'): boolean | 'auto' {
  return value === 'auto' ? value : check.boolean('sourceNat', value)
}
