/**
 * Every name that the director gives to things in the kernel. The defaults are kube-proxy's, so that it can take over
 * from kube-proxy in place; another prefix makes it live beside one.
 */
import { InvalidArgumentError } from '../../errors.js'
import type { Family } from '../../ipvs/types.js'
import { longestSetName, type SetRole, setRoles } from './sets.js'

/** The part of a chain's name after the prefix. */
export type ChainRole =
  | 'SERVICES'
  | 'POSTROUTING'
  | 'NODE-PORT'
  | 'LOAD-BALANCER'
  | 'MARK-MASQ'
  | 'FORWARD'
  | 'PROXY-FIREWALL'
  | 'SOURCE-RANGES-FIREWALL'
  | 'IPVS-FILTER'
  | 'IPVS-OUT-FILTER'

export interface Names {
  readonly prefix: string
  /** The dummy interface that holds the virtual addresses. */
  readonly link: string
  set(role: SetRole, family: Family): string
  chain(role: ChainRole): string
}

export const defaultPrefix = 'KUBE-'

/** XT_EXTENSION_MAXNAMELEN less its terminator. */
const longestChainName = 28
/** IFNAMSIZ less its terminator. */
const longestLinkName = 15

/**
 * Names longer than the kernel allows are cut, as kube-proxy cuts those of two IPv6 sets.
 *
 * @throws InvalidArgumentError `prefix` where cutting would make two names one, `link` where it is no interface name.
 */
export function namesFor(prefix: string = defaultPrefix, link = defaultLink(prefix)): Names {
  if (!/^[A-Za-z0-9_.-]{1,20}$/.test(prefix)) {
    throw new InvalidArgumentError('prefix', prefix, 'letters, digits, "_", "." and "-", as in "KUBE-"')
  }
  if (!/^[^\s/:%]{1,15}$/.test(link) || link === '.' || link === '..') {
    throw new InvalidArgumentError('link', link, 'an interface name of at most 15 characters')
  }
  const sets = { inet: new Map<SetRole, string>(), inet6: new Map<SetRole, string>() }
  for (const role of setRoles) {
    sets.inet.set(role, `${prefix}${role}`.slice(0, longestSetName))
    sets.inet6.set(role, `${prefix}6-${role}`.slice(0, longestSetName))
  }
  const all = [...sets.inet.values(), ...sets.inet6.values()]
  if (new Set(all).size < all.length || prefix.length + 'SERVICES'.length > longestChainName) {
    throw new InvalidArgumentError(
      'prefix',
      prefix,
      'at most 7 characters: set names would be cut to the same name',
    )
  }
  return {
    prefix,
    link,
    set: (role, family) => sets[family].get(role) ?? '',
    chain: (role) => `${prefix}${role}`.slice(0, longestChainName),
  }
}

function defaultLink(prefix: string): string {
  return `${prefix.toLowerCase()}ipvs0`.slice(0, longestLinkName)
}
