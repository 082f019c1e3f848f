/** Reads what iptables-save prints, keeping the chains that are ours and the jumps from built-in chains to them. */
import { type Ownership } from './ownership.js'
import { parseRule } from './rule-text.js'
import { chainKey, type IptablesState, type Jump, type Match, type Rule, type TableName } from './types.js'

export function parseSave(text: string, ours: Ownership): IptablesState {
  const chains = new Map<string, Rule[]>()
  const jumps: Jump[] = []
  const references = new Set<string>()
  let table: TableName = 'filter'
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim() as TableName
    else if (line.startsWith(':')) {
      const chain = line.slice(1).split(' ')[0] ?? ''
      if (ours.hasChain(table, chain)) chains.set(chainKey(table, chain), [])
    } else if (line.startsWith('-A ') || line.startsWith('[')) {
      readRule(line, table)
    }
  }
  return references.size === 0 ? { chains, jumps } : { chains, jumps, references }

  function readRule(line: string, table: TableName): void {
    // Counters stand before the rule when asked for: [packets:bytes] -A CHAIN …
    const [, from = '', rest = ''] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? []
    const own = chains.get(chainKey(table, from))
    if (own !== undefined) {
      own.push(canonicalRule(parseRule(rest)))
      return
    }
    // Not parsed as a whole: a node may have tens of thousands of rules that are none of ours.
    const [, option, target = ''] = /(?:^| )(-[jg]) (\S+)/.exec(rest) ?? []
    if (!ours.hasChain(table, target)) return
    // We never write -g, and could not take it away by a line with -j.
    if (option === '-j' && ours.hasJump(table, from, target))
      jumps.push({ table, from, rule: canonicalRule(parseRule(rest)) })
    else references.add(chainKey(table, target))
  }
}

/** Smooths what versions of iptables print differently. */
export function canonicalRule(rule: Rule): Rule {
  if (rule.matches === undefined) return rule
  const matches = rule.matches
    .filter(({ module, words }) => !isImplied(module, words, rule))
    .map(canonicalMatch)
  if (matches.length > 0) return { ...rule, matches }
  const { matches: none, ...rest } = rule
  return none.length === 0 ? rule : rest
}

/** `-p tcp -m tcp` without options says nothing more than `-p tcp`. */
function isImplied(module: string, words: readonly string[], rule: Rule): boolean {
  return words.length === 0 && module === rule.protocol
}

function canonicalMatch(match: Match): Match {
  return match.module === 'ipvs' ? { module: 'ipvs', words: ipvsWords(match.words) } : match
}

const protocolNumbers: Readonly<Record<string, string>> = { tcp: '6', udp: '17', sctp: '132' }

/** Options of xt_ipvs in the order of their numbers; protocols as numbers, addresses without the length of a host. */
function ipvsWords(words: readonly string[]): readonly string[] {
  const options: string[][] = []
  let negation: string[] = []
  for (const word of words) {
    if (word === '!') negation = ['!']
    else if (word.startsWith('--')) {
      options.push([...negation, word])
      negation = []
    } else options.at(-1)?.push(word)
  }
  return options
    .map((option) => option.map((word, index) => ipvsValue(option[index - 1], word)))
    .sort((left, right) => ipvsOrder(left) - ipvsOrder(right))
    .flat()
}

function ipvsValue(option: string | undefined, word: string): string {
  if (option === '--vproto') return protocolNumbers[word] ?? word
  return option === '--vaddr' ? word.replace(/\/(32|128|255\.255\.255\.255)$/, '') : word
}

const ipvsOptions = ['--ipvs', '--vproto', '--vaddr', '--vport', '--vdir', '--vmethod', '--vportctl']

function ipvsOrder(option: readonly string[]): number {
  return ipvsOptions.indexOf(option.find((word) => word.startsWith('--')) ?? '')
}
