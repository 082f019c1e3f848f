/** What other tools may do to a director's things: one edit at a time, of something that is there now. */
import { execFileSync } from 'node:child_process'
import { generator, pick, type Random } from './random.js'

type Command = readonly [program: string, ...args: string[]]

const link = 'kube-ipvs0'

/** Runs random edits; the seed repeats them on a kernel that is in the same state. */
export class RandomEdits {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = generator(seed)
  }

  /** 1 to `most`. */
  count(most: number): number {
    return 1 + Math.floor(this.#random() * most)
  }

  /** Makes one and returns it as it would be typed. */
  make(): string {
    // Some kinds have nothing to work on after other edits: then another kind is taken.
    for (;;) {
      const command = pick(this.#random, ...kinds)(this.#random)
      if (command === undefined) continue
      const [program, ...args] = command
      execFileSync(program, args)
      return command.join(' ')
    }
  }
}

/** What the tools say about everything that a director programs, in an order that does not depend on chance. */
export function kernelText(): string[] {
  return [
    ...lines('ipvsadm', '-Sn').sort(),
    ...lines('ipset', 'save').sort(),
    ...lines('iptables-save').filter((line) => !line.startsWith('#')),
    ...addresses().sort(),
    ...settings.flatMap((name) => lines('sysctl', name)),
  ]
}

/**
 * The same for a kernel that came to be in another way: without what chance or history decides (seeds, the size that a
 * hash table has grown to, counters, in which order chains were made).
 */
export function comparableText(): string[] {
  const random = / (?:initval|hashsize|bucketsize) \S+/g
  const text = kernelText().map((line) => line.replace(random, '').replace(/ \[\d+:\d+\]$/, ''))
  return [
    ...text.filter((line) => !line.startsWith(':')),
    ...text.filter((line) => line.startsWith(':')).sort(),
  ]
}

const kinds: [(random: Random) => Command | undefined, ...((random: Random) => Command | undefined)[]] = [
  (random) => onService(random, ([, flag = '', key = '']) => ['ipvsadm', '-D', flag, key]),
  (random) =>
    onService(random, ([, flag = '', key = '']) => {
      return ['ipvsadm', '-E', flag, key, '-s', pick(random, 'sh', 'wlc')]
    }),
  (random) => ['ipvsadm', '-A', '-t', `${foreignAddress(random)}:${1 + number(random, 65535)}`, '-s', 'wlc'],
  (random) =>
    onServer(random, ([, flag = '', key = '', , at = '']) => ['ipvsadm', '-d', flag, key, '-r', at]),
  (random) =>
    onServer(random, ([, flag = '', key = '', , at = '']) => {
      const weight = pick(random, 0, 2, 2 + number(random, 65000))
      return ['ipvsadm', '-e', flag, key, '-r', at, '-m', '-w', String(weight)]
    }),
  (random) =>
    onService(random, ([, flag = '', key = '']) => {
      return [
        'ipvsadm',
        '-a',
        flag,
        key,
        '-r',
        `${foreignAddress(random)}:${1 + number(random, 65535)}`,
        '-m',
      ]
    }),
  (random) => onLine(random, entries(), ([, set = '', entry = '']) => ['ipset', 'del', set, entry]),
  (random) => ['ipset', 'add', 'KUBE-IPVS-IPS', foreignAddress(random)],
  (random) => [
    'ipset',
    'add',
    'KUBE-CLUSTER-IP',
    `${foreignAddress(random)},tcp:${1 + number(random, 65535)}`,
  ],
  (random) => onLine(random, entries(), ([, set = '']) => ['ipset', 'flush', set]),
  (random) => onLine(random, addresses(), ([address = '']) => ['ip', 'address', 'del', address, 'dev', link]),
  (random) => (hasLink() ? ['ip', 'address', 'add', `${foreignAddress(random)}/32`, 'dev', link] : undefined),
  () => (hasLink() ? ['ip', 'link', 'del', link] : undefined),
  (random) => onRule(random, (table, chain, nth) => ['iptables', '-t', table, '-D', chain, String(nth)]),
  (random) => onRule(random, (table, chain) => ['iptables', '-t', table, '-A', chain, '-j', 'RETURN']),
  (random) => onRule(random, (table, chain) => ['iptables', '-t', table, '-F', chain]),
  (random) => ['sysctl', '-q', '-w', `${pick(random, ...settings)}=0`],
]

const settings: [string, ...string[]] = [
  'net.ipv4.vs.conntrack',
  'net.ipv4.vs.expire_nodest_conn',
  'net.ipv4.ip_forward',
]

function onService(random: Random, command: (words: string[]) => Command): Command | undefined {
  return onLine(
    random,
    lines('ipvsadm', '-Sn').filter((line) => line.startsWith('-A')),
    command,
  )
}

function onServer(random: Random, command: (words: string[]) => Command): Command | undefined {
  return onLine(
    random,
    lines('ipvsadm', '-Sn').filter((line) => line.startsWith('-a')),
    command,
  )
}

/** A rule of a chain of ours, or a jump to one: with its table, its chain and its number there. */
function onRule(
  random: Random,
  command: (table: string, chain: string, nth: number) => Command,
): Command | undefined {
  const table = pick(random, 'nat', 'filter')
  const seen = new Map<string, number>()
  const rules = lines('iptables', '-t', table, '-S').flatMap((line) => {
    const [, chain = ''] = /^-A (\S+)/.exec(line) ?? []
    if (chain === '') return []
    const nth = (seen.get(chain) ?? 0) + 1
    seen.set(chain, nth)
    return line.includes('KUBE-') ? [{ chain, nth }] : []
  })
  const [first, ...rest] = rules
  if (first === undefined) return undefined
  const { chain, nth } = pick(random, first, ...rest)
  const [program, ...args] = command(table, chain, nth)
  // What others have in the built-in chains is not ours to repair: there only our jumps are taken away.
  return chain.startsWith('KUBE-') || args.includes('-D') ? [program, ...args] : undefined
}

function onLine(
  random: Random,
  all: readonly string[],
  command: (words: string[]) => Command,
): Command | undefined {
  const [first, ...rest] = all
  return first === undefined ? undefined : command(pick(random, first, ...rest).split(' '))
}

/** `add SET ENTRY` each. */
function entries(): string[] {
  return lines('ipset', 'save').filter((line) => line.startsWith('add KUBE-'))
}

function hasLink(): boolean {
  return lines('ip', '-o', 'link', 'show').some((line) => line.includes(`: ${link}:`))
}

/** `ADDRESS/32` each. */
function addresses(): string[] {
  if (!hasLink()) return []
  return lines('ip', '-o', '-4', 'address', 'show', 'dev', link).map(
    (line) => /inet (\S+)/.exec(line)?.[1] ?? line,
  )
}

/** TEST-NET-3, which no wish has. */
function foreignAddress(random: Random): string {
  return `203.0.113.${1 + number(random, 250)}`
}

/** From 0 to below `bound`. */
function number(random: Random, bound: number): number {
  return Math.floor(random() * bound)
}

function lines(program: string, ...args: string[]): string[] {
  const text = execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
}
