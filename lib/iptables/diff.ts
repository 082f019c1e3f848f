/** What turns one set of chains and jumps into another, chain by chain. */
import { formatRule } from './rule-text.js'
import type { IptablesState, Jump, Rule } from './types.js'

export interface IptablesChange {
  /** Chains to create or to rewrite as a whole, by `table CHAIN`. */
  readonly writeChains: ReadonlyMap<string, readonly Rule[]>
  readonly removeChains: readonly string[]
  /** Chains that nobody here wants any more, emptied and left, since rules of others lead to them. */
  readonly leftChains?: readonly string[]
  readonly insertJumps: readonly Jump[]
  readonly removeJumps: readonly Jump[]
}

const nothing: IptablesState = { chains: new Map(), jumps: [] }

/** `undefined` when there is nothing to do. Either side may be absent: then it has no chains. */
export function diffIptables(
  observed: IptablesState | undefined,
  planned: IptablesState | undefined,
): IptablesChange | undefined {
  const from = observed ?? nothing
  const to = planned ?? nothing
  const writeChains = new Map<string, readonly Rule[]>()
  for (const [key, rules] of to.chains) {
    const present = from.chains.get(key)
    if (present === undefined || !sameRules(present, rules)) writeChains.set(key, rules)
  }
  const unwanted = [...from.chains.keys()].filter((key) => !to.chains.has(key))
  const isReferred = (key: string): boolean => from.references?.has(key) === true
  const removeChains = unwanted.filter((key) => !isReferred(key))
  const leftChains = unwanted.filter((key) => isReferred(key) && from.chains.get(key)?.length !== 0)
  for (const key of leftChains) writeChains.set(key, [])
  const places = changedPlaces(from.jumps, to.jumps)
  const moved = ({ table, from: chain }: Jump): boolean => places.has(`${table} ${chain}`)
  const removeJumps = from.jumps.filter(moved)
  const insertJumps = to.jumps.filter(moved)
  const idle = [writeChains.size, removeChains.length, removeJumps.length, insertJumps.length].every(
    (n) => n === 0,
  )
  if (idle) return undefined
  const change = { writeChains, removeChains, insertJumps, removeJumps }
  return leftChains.length === 0 ? change : { ...change, leftChains }
}

/**
 * The planned state with the rules that leave still in it, each where it stood: what is to be written while something that
 * they are about is still in use. Only rules on sets and on virtual services come and go with what is wished; whatever
 * else stands in a chain of ours was put there by others, and need not be kept.
 */
export function withLeavingRules(
  observed: IptablesState | undefined,
  planned: IptablesState | undefined,
): IptablesState | undefined {
  if (observed === undefined || planned === undefined) return planned
  const chains = new Map<string, readonly Rule[]>()
  for (const [key, rules] of planned.chains)
    chains.set(key, mergeRules(observed.chains.get(key) ?? [], rules))
  return { ...planned, chains }
}

function mergeRules(from: readonly Rule[], to: readonly Rule[]): readonly Rule[] {
  const wanted = new Set(to.map(formatRule))
  const present = from.map((rule) => ({ rule, text: formatRule(rule) }))
  const isLeaving = ({ rule, text }: (typeof present)[number]): boolean =>
    !wanted.has(text) && rule.matches?.some(({ module }) => module === 'set' || module === 'ipvs') === true
  if (!present.some(isLeaving)) return to
  const merged: Rule[] = []
  let at = 0
  const keepUntil = (end: number): void => {
    merged.push(
      ...present
        .slice(at, end)
        .filter(isLeaving)
        .map(({ rule }) => rule),
    )
    at = end
  }
  for (const rule of to) {
    const text = formatRule(rule)
    const end = present.findIndex((one, index) => index >= at && one.text === text)
    if (end >= 0) keepUntil(end)
    merged.push(rule)
  }
  keepUntil(present.length)
  return merged
}

export function applyIptables(
  state: IptablesState | undefined,
  change: IptablesChange,
): IptablesState | undefined {
  const chains = new Map(state?.chains)
  for (const key of change.removeChains) chains.delete(key)
  for (const [key, rules] of change.writeChains) chains.set(key, rules)
  const removed = new Set(change.removeJumps.map(jumpText))
  const kept = (state?.jumps ?? []).filter((jump) => !removed.has(jumpText(jump)))
  const jumps = [...kept, ...change.insertJumps]
  if (chains.size === 0 && jumps.length === 0) return undefined
  const references = state?.references
  return references === undefined ? { chains, jumps } : { chains, jumps, references }
}

/** The same chains with the same rules in the same order, and the same jumps, in order within each built-in chain. */
export function sameIptables(left: IptablesState | undefined, right: IptablesState | undefined): boolean {
  return diffIptables(left, right) === undefined
}

function sameRules(left: readonly Rule[], right: readonly Rule[]): boolean {
  return left.length === right.length && left.every((rule, index) => sameRule(rule, right[index] ?? {}))
}

function sameRule(left: Rule, right: Rule): boolean {
  return left === right || formatRule(left) === formatRule(right)
}

/** Built-in chains in which our jumps are not exactly the wanted ones in the wanted order. */
function changedPlaces(from: readonly Jump[], to: readonly Jump[]): Set<string> {
  const before = byPlace(from)
  const after = byPlace(to)
  const places = new Set([...before.keys(), ...after.keys()])
  return new Set([...places].filter((place) => before.get(place) !== after.get(place)))
}

function byPlace(jumps: readonly Jump[]): Map<string, string> {
  const result = new Map<string, string>()
  for (const jump of jumps) {
    const place = `${jump.table} ${jump.from}`
    result.set(place, `${result.get(place) ?? ''}${formatRule(jump.rule)}\n`)
  }
  return result
}

function jumpText({ table, from, rule }: Jump): string {
  return `${table} ${from} ${formatRule(rule)}`
}
