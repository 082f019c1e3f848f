/** The text of `ipset save` and `ipset restore`, line by line → what is to be done. */
import { InvalidArgumentError } from '../errors.js'
import { inTurns, type Steps } from '../turns.js'
import type { Target } from './packed-text.js'
import { EntryRun } from './run.js'
import type { SetOptions, SetTypeName } from './types.js'

/** One stretch of the text. Lines count from 1. */
export type RestoreStep =
  | { readonly kind: 'create'; readonly line: number; name: string; type: SetTypeName; options: SetOptions }
  | { readonly kind: 'flush' | 'destroy'; readonly line: number; readonly name: string | undefined }
  | { readonly kind: 'rename' | 'swap'; readonly line: number; readonly name: string; readonly other: string }
  | { readonly kind: 'change'; readonly run: EntryRun; readonly lines: number[] }

export interface ParsedRestore {
  readonly steps: readonly RestoreStep[]
  readonly lines: number
}

/** A line that this reader does not know; libipset may. */
export class UnknownLineError extends InvalidArgumentError {
  constructor(
    readonly line: number,
    text: string,
    allowed: string,
  ) {
    super(`line ${line}`, text, allowed, { code: 'ERR_RESTORE_LINE', operation: 'restore' })
  }
}

type TargetFor = (set: string, action: 'add' | 'remove') => Target

const LINES_A_STEP = 32

export function parseRestore(text: string, targetFor: TargetFor): Promise<ParsedRestore> {
  return inTurns(parsing(text, targetFor))
}

function* parsing(text: string, targetFor: TargetFor): Steps<ParsedRestore> {
  const parser = new RestoreParser(targetFor)
  let line = 0
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    if (++line % LINES_A_STEP === 0) yield
    parser.read(line, text.slice(start, end))
    start = end + 1
  }
  return { steps: parser.steps, lines: line }
}

class RestoreParser {
  readonly steps: RestoreStep[] = []
  private change: Extract<RestoreStep, { kind: 'change' }> | undefined
  // Consecutive lines are mostly for one set: its target is looked up once.
  private last: { set: string; action: 'add' | 'remove'; target: Target } | undefined

  constructor(private readonly targetFor: TargetFor) {}

  read(line: number, text: string): void {
    const trimmed = text.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return
    const [verb, rest] = firstWord(trimmed)
    switch (verb) {
      case 'add':
      case '-A':
        return this.entry(line, 'add', rest, text)
      case 'del':
      case '-D':
        return this.entry(line, 'remove', rest, text)
      case 'create':
      case '-N':
        return this.step(createStep(line, rest, text))
      case 'flush':
      case '-F':
        return this.step({ kind: 'flush', line, name: optionalName(line, rest, text) })
      case 'destroy':
      case '-X':
        return this.step({ kind: 'destroy', line, name: optionalName(line, rest, text) })
      case 'rename':
      case '-E':
        return this.step({ kind: 'rename', line, ...twoNames(line, rest, text) })
      case 'swap':
      case '-W':
        return this.step({ kind: 'swap', line, ...twoNames(line, rest, text) })
      case 'COMMIT':
        return
      default:
        throw new UnknownLineError(line, text, 'create, add, del, flush, destroy, rename or swap')
    }
  }

  private step(step: RestoreStep): void {
    this.change = undefined
    this.steps.push(step)
  }

  private entry(line: number, action: 'add' | 'remove', rest: string, text: string): void {
    const [set, entry] = firstWord(rest)
    if (entry === '') throw new UnknownLineError(line, text, 'a set and an entry')
    if (this.change === undefined) {
      this.change = { kind: 'change', run: new EntryRun(), lines: [] }
      this.steps.push(this.change)
    }
    if (this.last?.set !== set || this.last.action !== action) {
      this.last = { set, action, target: this.targetFor(set, action) }
    }
    this.change.run.text.append(this.last.target, entry)
    this.change.lines.push(line)
  }
}

function firstWord(text: string): [word: string, rest: string] {
  const blank = text.search(/[ \t]/)
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank).trimStart()]
}

function optionalName(line: number, rest: string, text: string): string | undefined {
  if (/[\s]/.test(rest)) throw new UnknownLineError(line, text, 'one set, or none')
  return rest === '' ? undefined : rest
}

function twoNames(line: number, rest: string, text: string): { name: string; other: string } {
  const [name, other, more] = rest.split(/[ \t]+/)
  if (name !== undefined && other !== undefined && more === undefined) return { name, other }
  throw new UnknownLineError(line, text, 'two sets')
}

type OptionReader = (value: string) => unknown

const numeric: OptionReader = (value) => (/^(\d+|0x[\da-fA-F]+)$/.test(value) ? Number(value) : undefined)
const text: OptionReader = (value) => value

/** Options with a value; the others stand alone. */
const valued: Readonly<Record<string, OptionReader>> = {
  family: text,
  hashsize: numeric,
  maxelem: numeric,
  bucketsize: numeric,
  initval: numeric,
  netmask: numeric,
  bitmask: text,
  markmask: numeric,
  range: text,
  size: numeric,
  timeout: numeric,
}
const flags = new Set(['counters', 'comment', 'forceadd', 'skbinfo'])

function createStep(line: number, rest: string, source: string): RestoreStep {
  const [name = '', type = '', ...words] = rest.split(/[ \t]+/)
  const options: Record<string, unknown> = {}
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (flags.has(word)) {
      options[word] = true
      continue
    }
    const value = words[++at]
    const read = Object.hasOwn(valued, word) && value !== undefined ? valued[word]?.(value) : undefined
    if (read === undefined)
      throw new UnknownLineError(line, source, `options that 'create' takes, with their values`)
    options[word] = read
  }
  return { kind: 'create', line, name, type: type as SetTypeName, options: options }
}
