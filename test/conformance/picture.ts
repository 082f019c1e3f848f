/** A planned state in the form of the tables. */
import type { Picture } from './row.js'
import type { KernelState, SetState, VirtualServerState } from '../../lib/index.js'
import type { IptablesState, Rule } from '../../lib/iptables/types.js'
import { formatRule } from '../../lib/iptables/rule-text.js'

export function pictureOf(state: KernelState): Picture {
  const sets = [...state.sets.values()].filter(({ entries }) => entries.size > 0)
  return {
    services: Object.fromEntries([...state.services].map(([key, value]) => serviceLine(key, value))),
    sets: Object.fromEntries(sets.map(({ definition, entries }) => [definition.name, [...entries].sort()])),
    setOptions: Object.fromEntries([...state.sets.values()].map(setLine)),
    sysctls: Object.fromEntries(state.sysctls),
    addresses: [...(state.link?.addresses ?? [])].sort(),
    chains: chainPictures(state, rulePicture),
    comments: chainPictures(state, ruleComment),
  }
}

function setLine({ definition }: SetState): [string, string] {
  const { name, type, family, hashSize, maxElements } = definition
  const options =
    type === 'bitmap:port' ? 'range 0-65535' : `family ${family} hashsize ${hashSize} maxelem ${maxElements}`
  return [name, `${type} ${options}`]
}

function serviceLine(key: string, { service, servers }: VirtualServerState): [string, string[]] {
  const scheduler = service.scheduler ?? 'wlc'
  const words = [key]
  if (scheduler !== 'rr') words.push(scheduler)
  if (service.persistence !== undefined) words.push(`persistent ${service.persistence.timeoutSeconds}`)
  const flags = [...(service.schedulerFlags ?? [])].sort()
  if (flags.length > 0) words.push(`flags ${flags.join(',')}`)
  const lines = [...servers].map(([serverKey, server]) => {
    const more = []
    if ((server.forwarding ?? 'masquerade') !== 'masquerade') more.push(server.forwarding)
    if ((server.weight ?? 1) !== 1) more.push(`weight ${server.weight}`)
    return [serverKey, ...more].join(' ')
  })
  return [words.join(' '), lines.sort()]
}

function chainPictures(state: KernelState, draw: (rule: Rule) => string): Record<string, string[]> {
  const all = [...state.iptables].flatMap(([family, rules]) =>
    Object.entries(familyChains(family, rules, draw)),
  )
  return Object.fromEntries(all)
}

/** By chain, in a picture or in comments. */
export function familyChains(
  family: 'inet' | 'inet6',
  { chains, jumps }: IptablesState,
  draw: (rule: Rule) => string,
): Record<string, string[]> {
  const mark = family === 'inet' ? '' : 'v6 '
  const result: Record<string, string[]> = {}
  for (const [key, rules] of chains) result[`${mark}${key}`] = rules.map(draw)
  for (const { table, from, rule } of jumps) (result[`${mark}${table} ${from}`] ??= []).push(draw(rule))
  return result
}

export function ruleComment({ matches = [] }: Rule): string {
  return matches.find(({ module }) => module === 'comment')?.words[1] ?? ''
}

/** `TARGET(condition condition …)`, comments left out, sets by name alone. */
export function rulePicture(rule: Rule): string {
  const { target = '', targetWords = [], matches = [], ...leading } = rule
  const conditions = matches
    .filter(({ module }) => module !== 'comment')
    .map(({ module, words }) =>
      module === 'set'
        ? `${words[1]} ${words[2]}`
        : [module, ...words.map((word) => word.replace(/^--/, ''))].join(' '),
    )
  const first = formatRule(leading)
  const all = [...(first === '' ? [] : [first]), ...conditions].join('; ')
  const action = [target, ...targetWords].join(' ')
  return all === '' ? action : `${action} (${all})`
}
