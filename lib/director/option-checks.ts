/** Checks of single options: each gives the parsed value, or throws an InvalidArgumentError naming the option. */
import { InvalidArgumentError } from '../errors.js'
import type { Family } from '../ipvs/types.js'
import * as check from './input/check.js'
import { familyOf, type Prefix } from './input/ip.js'
import type { DirectorConntrack, DirectorTimeouts, LocalTraffic } from './options.js'
import { type ChangeType, changeTypes } from './state/changes.js'

export function families(value: readonly Family[] = ['inet', 'inet6']): readonly Family[] {
  const found = check
    .list('families', value)
    .map((item, index): Family => check.oneOf(`families[${index}]`, item, ['inet', 'inet6']))
  if (found.length > 0) return [...new Set(found)].sort()
  throw new InvalidArgumentError('families', value, "'inet', 'inet6' or both")
}

export function allowedChanges(
  value: readonly ChangeType[] | undefined,
): ReadonlySet<ChangeType> | undefined {
  if (value === undefined) return undefined
  const found = check.list('allowedChanges', value)
  return new Set(found.map((type, index) => check.oneOf(`allowedChanges[${index}]`, type, changeTypes)))
}

export function prefixes(field: string, values: readonly string[] | undefined): Prefix[] {
  return check.list(field, values).map((value, index) => check.prefix(`${field}[${index}]`, value))
}

/** kube-proxy writes its word as the only one of a list. */
export function nodePortAddresses(values: 'primary' | readonly string[] | undefined): 'primary' | Prefix[] {
  if (values === 'primary') return values
  if (typeof values === 'string')
    throw new InvalidArgumentError('nodePortAddresses', values, "'primary', or a list of prefixes")
  const list = check.list('nodePortAddresses', values)
  if (!list.includes('primary')) return prefixes('nodePortAddresses', values)
  if (list.length === 1) return 'primary'
  throw new InvalidArgumentError('nodePortAddresses', values, "prefixes only, or 'primary' alone")
}

export function nodeIPs(values: readonly string[] | undefined): Partial<Record<Family, string>> {
  const result: Partial<Record<Family, string>> = {}
  check.list('nodeIPs', values).forEach((value, index) => {
    const address = check.address(`nodeIPs[${index}]`, value)
    const family = familyOf(address)
    if (result[family] !== undefined)
      throw new InvalidArgumentError(`nodeIPs[${index}]`, value, 'at most one address of each family')
    result[family] = address
  })
  return result
}

/** INT_MAX / HZ at 100 ticks a second, the fewest that Linux has: what a kernel that counts faster refuses, it says itself. */
const longestTimeoutSeconds = 21474836

export function timeouts(value: DirectorTimeouts): DirectorTimeouts {
  check.object('timeouts', value)
  check.knownKeys('timeouts', value, ['tcpSeconds', 'tcpFinSeconds', 'udpSeconds'])
  for (const [name, seconds] of Object.entries(value))
    check.integer(`timeouts.${name}`, seconds, 0, longestTimeoutSeconds)
  return value
}

/** INT_MAX: the kernel keeps the size of conntrack's table in an int. */
export const mostFlows = 2147483647

/** The largest value of each number. */
const conntrackNumbers = {
  maxPerCore: mostFlows,
  min: mostFlows,
  tcpEstablishedSeconds: longestTimeoutSeconds,
  tcpCloseWaitSeconds: longestTimeoutSeconds,
  udpSeconds: longestTimeoutSeconds,
  udpStreamSeconds: longestTimeoutSeconds,
}

/** kube-proxy's own defaults. */
export const kubeProxyConntrack: DirectorConntrack = {
  maxPerCore: 32768,
  min: 131072,
  tcpEstablishedSeconds: 86400,
  tcpCloseWaitSeconds: 3600,
}

export function conntrack(value: 'kube-proxy' | DirectorConntrack = {}): DirectorConntrack {
  if (value === 'kube-proxy') return kubeProxyConntrack
  if (typeof value === 'string')
    throw new InvalidArgumentError('conntrack', value, "'kube-proxy', or an object of settings")
  check.object('conntrack', value)
  const { tcpBeLiberal = false, ...numbers } = value
  check.knownKeys('conntrack', numbers, Object.keys(conntrackNumbers))
  for (const [name, most] of Object.entries(conntrackNumbers)) {
    const number = numbers[name as keyof typeof conntrackNumbers]
    if (number !== undefined) check.integer(`conntrack.${name}`, number, 0, most)
  }
  return { ...numbers, tcpBeLiberal: check.boolean('conntrack.tcpBeLiberal', tcpBeLiberal) }
}

export function localTraffic(value: LocalTraffic): LocalTraffic {
  check.object('localTraffic', value)
  const kind = check.oneOf('localTraffic.kind', value.kind, ['cidrs', 'bridge', 'interface-prefix'])
  if (kind === 'cidrs' && value.kind === 'cidrs') {
    const found = prefixes('localTraffic.cidrs', value.cidrs)
    found.forEach((prefix, index) => {
      if (found.findIndex(({ family }) => family === prefix.family) === index) return
      throw new InvalidArgumentError(
        `localTraffic.cidrs[${index}]`,
        prefix.text,
        'at most one prefix of each family',
      )
    })
    return { kind, cidrs: found.map(({ text }) => text) }
  }
  const name =
    value.kind === 'bridge' ? value.interface : value.kind === 'interface-prefix' ? value.prefix : ''
  if (!/^[^\s/:%"]{1,15}$/.test(name)) {
    const field = value.kind === 'bridge' ? 'localTraffic.interface' : 'localTraffic.prefix'
    throw new InvalidArgumentError(field, name, 'an interface name')
  }
  return value
}
