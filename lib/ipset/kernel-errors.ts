/**
 * ipset's kernel errors by name. Numbers from 4352 up mean different things for different types of set.
 * Source: linux/netfilter/ipset/ip_set{,_bitmap,_hash,_list}.h; net/netfilter/ipset/.
 */
import { errnoName } from '../errors.js'

/** `hash`, `bitmap` or `list`: what a type's name begins with. */
export type SetKind = 'hash' | 'bitmap' | 'list'

/** Of an add: it is there. Of a removal or a question: it is not. */
export const IPSET_ERR_EXIST = 4103

interface KnownCode {
  readonly name: string
  readonly reason: string
}

const IN_USE = 'the set is in use: a rule or a list names it, or somebody lists it'

/** From 4097. */
const common: Readonly<Record<number, KnownCode>> = {
  4097: { name: 'IPSET_ERR_PROTOCOL', reason: 'the kernel does not understand the request' },
  4098: { name: 'IPSET_ERR_FIND_TYPE', reason: 'this kernel has no such set type, family or revision' },
  4099: { name: 'IPSET_ERR_MAX_SETS', reason: 'the kernel holds as many sets as it can' },
  4100: { name: 'IPSET_ERR_BUSY', reason: IN_USE },
  4101: {
    name: 'IPSET_ERR_EXIST_SETNAME2',
    reason: 'the other name is taken (rename), or there is no such set (swap)',
  },
  4102: { name: 'IPSET_ERR_TYPE_MISMATCH', reason: 'the sets are of different types' },
  4103: { name: 'IPSET_ERR_EXIST', reason: 'the entry is there already' },
  4104: { name: 'IPSET_ERR_INVALID_CIDR', reason: 'the set takes no prefix of that length' },
  4105: { name: 'IPSET_ERR_INVALID_NETMASK', reason: 'the netmask is out of range' },
  4106: { name: 'IPSET_ERR_INVALID_FAMILY', reason: 'the type has no such family' },
  4107: { name: 'IPSET_ERR_TIMEOUT', reason: 'the set was created without timeout' },
  4108: { name: 'IPSET_ERR_REFERENCED', reason: IN_USE },
  4109: { name: 'IPSET_ERR_IPADDR_IPV4', reason: 'the set wants an IPv4 address' },
  4110: { name: 'IPSET_ERR_IPADDR_IPV6', reason: 'the set wants an IPv6 address' },
  4111: { name: 'IPSET_ERR_COUNTER', reason: 'the set was created without counters' },
  4112: { name: 'IPSET_ERR_COMMENT', reason: 'the set was created without comment' },
  4113: { name: 'IPSET_ERR_INVALID_MARKMASK', reason: 'the markmask is out of range' },
  4114: { name: 'IPSET_ERR_SKBINFO', reason: 'the set was created without skbinfo' },
  4115: { name: 'IPSET_ERR_BITMASK_NETMASK_EXCL', reason: 'bitmask and netmask exclude each other' },
}

/** From 4352, by what a type's name begins with. */
const byKind: Readonly<Record<SetKind, Readonly<Record<number, KnownCode>>>> = {
  hash: {
    4352: { name: 'IPSET_ERR_HASH_FULL', reason: 'the set is full (maxelem)' },
    4353: { name: 'IPSET_ERR_HASH_ELEM', reason: 'the null element cannot be stored' },
    4354: { name: 'IPSET_ERR_INVALID_PROTO', reason: 'the protocol is not valid' },
    4355: { name: 'IPSET_ERR_MISSING_PROTO', reason: 'a protocol is missing' },
    4356: { name: 'IPSET_ERR_HASH_RANGE_UNSUPPORTED', reason: 'ranges are for IPv4 only' },
    4357: { name: 'IPSET_ERR_HASH_RANGE', reason: 'the range is not valid' },
  },
  bitmap: {
    4352: { name: 'IPSET_ERR_BITMAP_RANGE', reason: `it lies outside the set's range` },
    4353: { name: 'IPSET_ERR_BITMAP_RANGE_SIZE', reason: 'the range holds more than 65536 values' },
  },
  list: {
    4352: { name: 'IPSET_ERR_NAME', reason: 'there is no set of that name' },
    4353: { name: 'IPSET_ERR_LOOP', reason: 'a list:set cannot be a member of another' },
    4354: { name: 'IPSET_ERR_BEFORE', reason: 'before and after want the name of a member' },
    4355: { name: 'IPSET_ERR_NAMEREF', reason: 'the set to stand before or behind does not exist' },
    4356: { name: 'IPSET_ERR_LIST_FULL', reason: 'the list is full (size)' },
    4357: { name: 'IPSET_ERR_REF_EXIST', reason: 'the set to stand before or behind is no member' },
  },
}

/** A kernel error number by name, with what it means. `kind` tells apart the numbers from 4352 up. */
export function knownCode(code: number, kind?: SetKind): KnownCode {
  const known = common[code] ?? (kind === undefined ? undefined : byKind[kind][code])
  if (known !== undefined) return known
  if (code === 2) return { name: 'ENOENT', reason: 'there is no such set' }
  if (code === 17) return { name: 'EEXIST', reason: 'a set of that name exists' }
  if (code === 1)
    return { name: 'EPERM', reason: `ipset wants CAP_NET_ADMIN in the network namespace's owner` }
  if (code < 4096) return { name: errnoName(code), reason: 'the kernel refused it' }
  return { name: `IPSET_ERR_${code}`, reason: 'the kernel refused it' }
}

export function kindOf(type: string): SetKind | undefined {
  const kind = type.slice(0, type.indexOf(':'))
  return kind === 'hash' || kind === 'bitmap' || kind === 'list' ? kind : undefined
}
