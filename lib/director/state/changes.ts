/** One step from one kernel state to another, as data. */
import type { IptablesChange } from '../../iptables/diff.js'
import type { Family, Server, Service, ServiceKey } from '../../ipvs/types.js'
import type { SetDefinition } from './sets.js'
import type { HealthCheckState, TimeoutState, VirtualServerState } from './state.js'

export type Change =
  | { readonly type: 'setSysctl'; readonly name: string; readonly value: string }
  /** Connection timeouts of the whole table. */
  | { readonly type: 'setTimeouts'; readonly timeouts: TimeoutState }
  | { readonly type: 'createSet'; readonly definition: SetDefinition }
  /** A larger set takes the place of a full one, entries and all, in one moment. */
  | { readonly type: 'growSet'; readonly definition: SetDefinition }
  | { readonly type: 'destroySet'; readonly definition: SetDefinition }
  | { readonly type: 'addEntry'; readonly set: string; readonly entry: string }
  | { readonly type: 'removeEntry'; readonly set: string; readonly entry: string }
  | { readonly type: 'createLink'; readonly name: string }
  | { readonly type: 'removeLink'; readonly name: string }
  | { readonly type: 'addAddress'; readonly link: string; readonly address: string }
  | { readonly type: 'removeAddress'; readonly link: string; readonly address: string }
  | WriteRulesChange
  | AddServiceChange
  | {
      readonly type: 'updateService'
      readonly key: string
      readonly service: Service
      readonly state: VirtualServerState
    }
  | { readonly type: 'removeService'; readonly key: string; readonly service: ServiceKey }
  | ServerChange
  /** Flows of conntrack to servers that the service does not have. UDP only: such a flow would never end. */
  | { readonly type: 'cleanFlows'; readonly key: string; readonly service: ServiceKey }
  | { readonly type: 'openHealthCheck'; readonly port: number; readonly check: HealthCheckState }
  | { readonly type: 'updateHealthCheck'; readonly port: number; readonly check: HealthCheckState }
  | { readonly type: 'closeHealthCheck'; readonly port: number }

export interface WriteRulesChange {
  readonly type: 'writeRules'
  readonly family: Family
  readonly rules: IptablesChange
  /** The second of two in one pass: takes away what the first left for those who still needed it. */
  readonly isLast?: true
}

/** A service that is not there, with all servers of `state`: new services need no change for each of their servers. */
export interface AddServiceChange {
  readonly type: 'addService'
  readonly key: string
  readonly service: Service
  readonly state: VirtualServerState
}

export interface ServerChange {
  readonly type: 'addServer' | 'updateServer' | 'removeServer'
  /** Of the service, see `serviceKeyText`. */
  readonly key: string
  readonly service: ServiceKey
  /** Of the server: `address:port`. */
  readonly serverKey: string
  readonly server: Server
}

export function isServerChange(change: Change): change is ServerChange {
  return change.type === 'addServer' || change.type === 'updateServer' || change.type === 'removeServer'
}

export type ChangeType = Change['type']

const typeNames: Readonly<Record<ChangeType, true>> = {
  setSysctl: true,
  setTimeouts: true,
  createSet: true,
  growSet: true,
  destroySet: true,
  addEntry: true,
  removeEntry: true,
  createLink: true,
  removeLink: true,
  addAddress: true,
  removeAddress: true,
  writeRules: true,
  addService: true,
  updateService: true,
  removeService: true,
  addServer: true,
  updateServer: true,
  removeServer: true,
  cleanFlows: true,
  openHealthCheck: true,
  updateHealthCheck: true,
  closeHealthCheck: true,
}

export const changeTypes = Object.keys(typeNames) as readonly ChangeType[]

/** The change in one line, as `plan()` prints it. */
export function describeChange(change: Change): string {
  switch (change.type) {
    case 'setSysctl':
      return `~ sysctl ${change.name} = ${change.value}`
    case 'setTimeouts':
      return `~ timeouts ${[...change.timeouts].map(([name, seconds]) => `${name} ${seconds}`).join(' ')}`
    case 'createSet':
      return `+ set ${change.definition.name} ${change.definition.type}`
    case 'growSet':
      return `~ set ${change.definition.name} maxelem ${change.definition.maxElements}`
    case 'destroySet':
      return `- set ${change.definition.name}`
    case 'addEntry':
      return `+ entry ${change.set} ${change.entry}`
    case 'removeEntry':
      return `- entry ${change.set} ${change.entry}`
    case 'createLink':
      return `+ link ${change.name} dummy`
    case 'removeLink':
      return `- link ${change.name}`
    case 'addAddress':
      return `+ address ${change.address} ${change.link}`
    case 'removeAddress':
      return `- address ${change.address} ${change.link}`
    case 'writeRules':
      return `~ rules ${change.family} ${describeRules(change.rules)}`
    case 'addService':
      return `+ service ${change.key} ${change.service.scheduler ?? 'wlc'}`
    case 'updateService':
      return `~ service ${change.key} ${change.service.scheduler ?? 'wlc'}`
    case 'removeService':
      return `- service ${change.key}`
    case 'addServer':
      return `+ server ${change.key} -> ${describeServer(change)}`
    case 'updateServer':
      return `~ server ${change.key} -> ${describeServer(change)}`
    case 'removeServer':
      return `- server ${change.key} -> ${change.serverKey}`
    case 'cleanFlows':
      return `- flows ${change.key}`
    case 'openHealthCheck':
      return `+ health check ${change.port} ${change.check.owner}`
    case 'updateHealthCheck':
      return `~ health check ${change.port} ${change.check.owner} ${change.check.localEndpoints}`
    case 'closeHealthCheck':
      return `- health check ${change.port}`
  }
}

function describeServer({ serverKey, server }: ServerChange): string {
  return `${serverKey} ${server.forwarding ?? 'masquerade'} weight ${server.weight ?? 1}`
}

function describeRules(rules: IptablesChange): string {
  const left = rules.leftChains ?? []
  const written = [...rules.writeChains.keys()].map((key) => {
    const name = key.replace(' ', '/')
    return left.includes(key) ? `${name} (emptied and left: rules of others lead to it)` : name
  })
  const removed = rules.removeChains.map((key) => `-${key.replace(' ', '/')}`)
  const jumps = rules.insertJumps.map(({ from, rule }) => `${from}>${rule.target ?? ''}`)
  const gone = rules.removeJumps.map(({ from, rule }) => `-${from}>${rule.target ?? ''}`)
  return [...written, ...removed, ...gone, ...jumps].join(' ')
}
