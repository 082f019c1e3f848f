/** One rule as a line of iptables-save, and back. */
import type { Match, Rule } from './types.js'

/** Options that stand before the matches, in the order in which iptables-save prints them. */
const leading = [
  { flag: '-s', long: '--source', value: 'source', negate: 'negateSource' },
  { flag: '-d', long: '--destination', value: 'destination', negate: 'negateDestination' },
  { flag: '-i', long: '--in-interface', value: 'inInterface', negate: 'negateInInterface' },
  { flag: '-o', long: '--out-interface', value: 'outInterface', negate: 'negateOutInterface' },
  { flag: '-p', long: '--protocol', value: 'protocol', negate: 'negateProtocol' },
] as const

/** The rule without its chain: `-s 127.0.0.0/8 -j RETURN`. Two rules are the same when their texts are. */
export function formatRule(rule: Rule): string {
  const words: string[] = []
  for (const option of leading) {
    const value = rule[option.value]
    if (value === undefined) continue
    if (rule[option.negate] === true) words.push('!')
    words.push(option.flag, quote(value))
  }
  for (const match of rule.matches ?? []) words.push('-m', match.module, ...match.words.map(quote))
  if (rule.target !== undefined) words.push('-j', rule.target, ...(rule.targetWords ?? []).map(quote))
  return words.join(' ')
}

/** Reads what {@link formatRule} and iptables-save write, in the order in which they write it. */
export function parseRule(text: string): Rule {
  const words = splitWords(text)
  const rule: Record<string, unknown> = {}
  const matches: Match[] = []
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    const negated = word === '!'
    const name = words[negated ? at + 1 : at]
    const option = leading.find(({ flag, long }) => flag === name || long === name)
    if (option !== undefined) {
      if (negated) rule[option.negate] = true
      rule[option.value] = words[at + (negated ? 2 : 1)] ?? ''
      at += negated ? 3 : 2
    } else if (word === '-m') {
      const end = endOfExtension(words, at + 2)
      matches.push({ module: words[at + 1] ?? '', words: words.slice(at + 2, end) })
      at = end
    } else if (word === '-j' || word === '-g') {
      rule['target'] = words[at + 1] ?? ''
      const rest = words.slice(at + 2)
      if (rest.length > 0) rule['targetWords'] = rest
      at = words.length
    } else {
      // An option that we never write (-f, -4 …): kept with what it belongs to, so that the texts differ.
      matches.push({ module: word, words: [] })
      at += 1
    }
  }
  if (matches.length > 0) rule['matches'] = matches
  return rule
}

function endOfExtension(words: readonly string[], from: number): number {
  const end = words.findIndex(
    (word, index) => index >= from && (word === '-m' || word === '-j' || word === '-g'),
  )
  return end === -1 ? words.length : end
}

/** Words of a line of iptables-save: blanks part them, double quotes hold them together, a backslash escapes. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  const pattern = /"((?:[^"\\]|\\.)*)"|(\S+)/g
  for (const [, quoted, plain] of line.matchAll(pattern)) {
    words.push(quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'))
  }
  return words
}

/** As xtables_save_string() of iptables does: only what needs quotes gets them. */
function quote(word: string): string {
  if (/^[A-Za-z0-9!#$%&()*+,\-./:;<=>?@[\]^_`{|}~]+$/.test(word)) return word
  return `"${word.replace(/["\\']/g, '\\$&')}"`
}
