/**
 * The vocabulary of IP sets. Options and extensions have the names that ipset(8) gives them.
 *
 * Source: linux/netfilter/ipset/ip_set.h; net/netfilter/ipset/; ipset(8).
 */
/** The set types of Linux 6.12. Which of them a kernel has, `kernel.sets.types()` tells. */
export type SetTypeName =
  | 'bitmap:ip'
  | 'bitmap:ip,mac'
  | 'bitmap:port'
  | 'hash:ip'
  | 'hash:mac'
  | 'hash:ip,mac'
  | 'hash:ip,mark'
  | 'hash:ip,port'
  | 'hash:ip,port,ip'
  | 'hash:ip,port,net'
  | 'hash:net'
  | 'hash:net,net'
  | 'hash:net,port'
  | 'hash:net,port,net'
  | 'hash:net,iface'
  | 'list:set'

/** A set type that the running kernel has, and the revisions of it that the kernel speaks (IPSET_CMD_TYPE). */
export interface SetTypeInfo {
  readonly name: SetTypeName
  readonly oldestRevision: number
  readonly newestRevision: number
  /** The revision that `create` uses: the newest that both sides know. Undefined where they have none in common. */
  readonly revision: number | undefined
}

/** What a set can be told when it is made. Which options a type takes, ipset(8) and docs/sets.md say. */
export interface SetOptions {
  /** Of its addresses. hash types but hash:mac. @default 'inet' */
  readonly family?: 'inet' | 'inet6'
  /** Buckets to begin with: the kernel rounds up to a power of two, at least 64. hash types. @default 1024 */
  readonly hashsize?: number
  /** Most entries, 1–4294967295. hash types. @default 65536 */
  readonly maxelem?: number
  /** Entries a bucket may grow to: even, 2–12. hash types, Linux 5.11. @default 12 */
  readonly bucketsize?: number
  /** Seed of the hash, 0–4294967295. hash types, Linux 5.11. @default random */
  readonly initval?: number
  /** Addresses are cut to a prefix of this length. bitmap:ip, hash:ip, hash:ip,port, hash:net,net. */
  readonly netmask?: number
  /** Addresses are cut by this mask, an address. hash:ip, hash:ip,port, hash:net,net; Linux 6.3; not with `netmask`. */
  readonly bitmask?: string
  /** Marks are cut by this mask, 1–4294967295. hash:ip,mark. @default 4294967295 */
  readonly markmask?: number
  /** `'10.0.0.0/24'`, `'10.0.0.0-10.0.0.99'`, `'0-1023'`: at most 65536 values. bitmap types, which need it. */
  readonly range?: string
  /** Members to expect; current kernels take more. list:set. @default 8 */
  readonly size?: number
  /** Seconds that an entry lives unless it says otherwise, 0–2147483; 0 is for ever. Left out: entries have none. */
  readonly timeout?: number
  /** Count packets and bytes of each entry. @default false */
  readonly counters?: boolean
  /** Let entries carry a comment. @default false */
  readonly comment?: boolean
  /** When the set is full, drop some entry for a new one. hash types. @default false */
  readonly forceadd?: boolean
  /** Let entries carry an skb mark, priority and queue. @default false */
  readonly skbinfo?: boolean
}

/** A set as the kernel has it, without its entries. Can be given to `create` as options. */
export interface SetHeader extends SetOptions {
  readonly name: string
  readonly type: SetTypeName
  readonly revision: number
  readonly counters: boolean
  readonly comment: boolean
  readonly forceadd: boolean
  readonly skbinfo: boolean
  readonly entries: number
  /** Rules and lists that name it: while there are any, it can be neither destroyed nor renamed. */
  readonly references: number
  /** Kernel memory, bytes. */
  readonly memoryBytes: number
}

/**
 * An entry, or a change to one. Which fields an entry has follows from the set's type: `'hash:ip,port'` wants `address`
 * and `port`. Extensions (`timeout` …) need a set that was created with them.
 */
export interface Entry {
  /** IPv4 or IPv6, figures only: no name is ever looked up. */
  readonly address?: string
  /** Last address of an IPv4 range. Everything from `address` to it is added. */
  readonly addressTo?: string
  /** 1–32, 1–128 (0 for hash:net,iface and hash:net,port,net). @default the whole address */
  readonly prefixLength?: number
  /** @default 'tcp' */
  readonly protocol?: string | number
  /** 0–65535; for ICMP `'type/code'` or one of ipset's names (`'echo-request'`). */
  readonly port?: number | string
  /** Last port of a range. */
  readonly portTo?: number
  /** 0–4294967295. */
  readonly mark?: number
  /** `'00:11:22:33:44:55'` */
  readonly mac?: string
  /** At most 15 bytes. */
  readonly interface?: string
  /** `interface` is the bridge port, not the bridge. */
  readonly physicalDevice?: boolean
  readonly address2?: string
  readonly address2To?: string
  readonly prefixLength2?: number
  /** A member of a list:set. */
  readonly set?: string
  /** Put it before this member. */
  readonly before?: string
  /** Put it behind this member. */
  readonly after?: string
  /** An exception: what matches it is not in the set. Types with networks. */
  readonly nomatch?: boolean
  /** `interface` is a prefix of names. */
  readonly wildcard?: boolean
  /** Seconds, 0–2147483; 0 is for ever. Read back: seconds left. */
  readonly timeout?: number
  readonly packets?: number | bigint
  readonly bytes?: number | bigint
  /** At most 255 bytes, no quotation mark. */
  readonly comment?: string
  readonly skbmark?: { readonly mark: number; readonly mask: number }
  /** Traffic class handle. */
  readonly skbprio?: { readonly major: number; readonly minor: number }
  /** Hardware queue, 0–65535. */
  readonly skbqueue?: number
}

/**
 * Entries as typed arrays, one array a field, all of one length: the fastest way in. Where a number or a name is
 * allowed it stands for all entries. The arrays are read while the call runs: leave them alone until it settles.
 */
export interface EntryColumns {
  /** IPv4 as one number each, host order (`0x0a000001` is 10.0.0.1); or IPv6 as 16 bytes each, network order. */
  readonly addresses?: Uint32Array | Uint8Array
  /** Ends of IPv4 ranges. */
  readonly addressesTo?: Uint32Array
  readonly prefixLengths?: Uint8Array | number
  readonly addresses2?: Uint32Array | Uint8Array
  readonly prefixLengths2?: Uint8Array | number
  /** IP protocol numbers. @default 6 (TCP) */
  readonly protocols?: Uint8Array | string | number
  /** For ICMP type × 256 + code. */
  readonly ports?: Uint16Array | number
  readonly portsTo?: Uint16Array
  readonly marks?: Uint32Array | number
  /** 6 bytes each. */
  readonly macs?: Uint8Array
  readonly interface?: string
  /** Seconds. */
  readonly timeouts?: Uint32Array | number
  readonly packets?: BigUint64Array
  readonly bytes?: BigUint64Array
}

/** One entry, or many: text in ipset's own syntax (`'10.0.0.1,tcp:80 timeout 60'`) or objects, mixed at will. */
export type Entries = string | Entry | Iterable<string | Entry> | AsyncIterable<string | Entry> | EntryColumns
