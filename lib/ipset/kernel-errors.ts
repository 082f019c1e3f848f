/** ipset's own error numbers by name. Source: linux/netfilter/ipset/ip_set{,_bitmap,_hash,_list}.h. */
import { errnoName } from '../errors.js'

/** From 4097. */
const common = [
  'PROTOCOL',
  'FIND_TYPE',
  'MAX_SETS',
  'BUSY',
  'EXIST_SETNAME2',
  'TYPE_MISMATCH',
  'EXIST',
  'INVALID_CIDR',
  'INVALID_NETMASK',
  'INVALID_FAMILY',
  'TIMEOUT',
  'REFERENCED',
  'IPADDR_IPV4',
  'IPADDR_IPV6',
  'COUNTER',
  'COMMENT',
  'INVALID_MARKMASK',
  'SKBINFO',
  'BITMASK_NETMASK_EXCL',
]

/** From 4352, by what a type's name begins with. */
const byKind: Readonly<Record<string, readonly string[]>> = {
  bitmap: ['BITMAP_RANGE', 'BITMAP_RANGE_SIZE'],
  hash: ['HASH_FULL', 'HASH_ELEM', 'INVALID_PROTO', 'MISSING_PROTO', 'HASH_RANGE_UNSUPPORTED', 'HASH_RANGE'],
  list: ['NAME', 'LOOP', 'BEFORE', 'NAMEREF', 'LIST_FULL', 'REF_EXIST'],
}

export function kernelErrorName(number: number, type: string): string {
  if (number < 4096) return errnoName(number)
  const kind = type.slice(0, type.indexOf(':'))
  return `IPSET_ERR_${common[number - 4097] ?? byKind[kind]?.[number - 4352] ?? number}`
}
