/** Which chains and jumps are ours. A rule of others may lead to a chain of ours, as network plugins do, and stays theirs. */
import { chainKey, type IptablesState, type TableName } from './types.js'

export interface Ownership {
  /** By name; every chain that it accepts must be user-defined. */
  hasChain(table: TableName, chain: string): boolean
  /** Whether rules in `from`, which is no chain of ours, that lead to our chain `target` are ours. */
  hasJump(table: TableName, from: string, target: string): boolean
}

/** Ours is what the state has: its chains by name, its jumps by where they start and where they lead. */
export function ownershipOf({ chains, jumps }: IptablesState): Ownership {
  const known = new Set(jumps.map(({ table, from, rule }) => `${table} ${from} ${rule.target ?? ''}`))
  return {
    hasChain: (table, chain) => chains.has(chainKey(table, chain)),
    hasJump: (table, from, target) => known.has(`${table} ${from} ${target}`),
  }
}
