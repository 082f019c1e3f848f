/**
 * iptables as data: what the director's chains hold and where the built-in chains jump to them. The form is the one
 * that iptables-save prints, so that what was written and what is read back compare equal.
 *
 * Source: iptables(8), iptables-extensions(8), iptables-save(8).
 */

/** iptables or ip6tables. */
export type IpFamily = 'inet' | 'inet6'

export type TableName = 'nat' | 'filter' | 'mangle' | 'raw' | 'security'

/** A match extension: `-m NAME` and what follows it, negation included, word by word. */
export interface Match {
  readonly module: string
  readonly words: readonly string[]
}

/** One rule. Everything is optional: no condition matches every packet, no target only counts. */
export interface Rule {
  /** `-s`; with a leading `!` in `negateSource`. */
  readonly source?: string
  readonly negateSource?: boolean
  readonly destination?: string
  readonly negateDestination?: boolean
  /** `-i`; a trailing `+` matches any interface that begins so. */
  readonly inInterface?: string
  readonly negateInInterface?: boolean
  readonly outInterface?: string
  readonly negateOutInterface?: boolean
  readonly protocol?: string
  readonly negateProtocol?: boolean
  readonly matches?: readonly Match[]
  /** `-j`: a chain or a target extension. */
  readonly target?: string
  /** What follows the target, word by word. */
  readonly targetWords?: readonly string[]
}

/** A jump from a built-in chain, kept at its head. */
export interface Jump {
  readonly table: TableName
  readonly from: string
  readonly rule: Rule
}

/** The chains of one family that are ours, by `table CHAIN`, and the jumps that lead to them. */
export interface IptablesState {
  readonly chains: ReadonlyMap<string, readonly Rule[]>
  /** In the order in which they stand in their built-in chain, first to last. */
  readonly jumps: readonly Jump[]
  /** Chains of ours, by `table CHAIN`, that rules of others lead to. Only what is read has them. */
  readonly references?: ReadonlySet<string>
}

export function chainKey(table: TableName, chain: string): string {
  return `${table} ${chain}`
}

/** The table and the name that {@link chainKey} was made from. */
export function splitChainKey(key: string): { table: TableName; chain: string } {
  const [table = 'filter', chain = ''] = key.split(' ')
  return { table: table as TableName, chain }
}
