/** A change as input for `iptables-restore --noflush`: each table is committed as a whole or not at all. */
import type { IptablesChange } from './diff.js'
import { formatRule } from './rule-text.js'
import { type Jump, splitChainKey, type TableName } from './types.js'

/** nat first: when filter begins to let traffic through, its source is already taken care of. */
const tables: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security']

export function restoreText(change: IptablesChange): string {
  return tables.map((table) => tableText(table, change)).join('')
}

function tableText(table: TableName, change: IptablesChange): string {
  const written = [...change.writeChains].filter(([key]) => splitChainKey(key).table === table)
  const removed = change.removeChains.map(splitChainKey).filter((chain) => chain.table === table)
  const isHere = (jump: Jump): boolean => jump.table === table
  const lines = [
    // Declaring a chain creates it, or empties it: so nothing that is removed below refers to another any more.
    ...written.map(([key]) => `:${splitChainKey(key).chain} - [0:0]`),
    ...removed.map(({ chain }) => `:${chain} - [0:0]`),
    ...change.removeJumps.filter(isHere).map(({ from, rule }) => `-D ${from} ${formatRule(rule)}`),
    // Each goes to the head, so the one that is to stand first comes last.
    ...change.insertJumps
      .filter(isHere)
      .map(({ from, rule }) => `-I ${from} ${formatRule(rule)}`)
      .reverse(),
    ...written.flatMap(([key, rules]) =>
      rules.map((rule) => `-A ${splitChainKey(key).chain} ${formatRule(rule)}`),
    ),
    ...removed.map(({ chain }) => `-X ${chain}`),
  ]
  return lines.length === 0 ? '' : [`*${table}`, ...lines, 'COMMIT', ''].join('\n')
}
