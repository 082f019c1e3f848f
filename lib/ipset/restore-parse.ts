/** The text of `ipset save` and `ipset restore`, line by line → what is to be done. */
import { InvalidArgumentError, nameErrors } from '../errors.js'
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
  /** Those before `unknown`. */
  readonly steps: readonly RestoreStep[]
  /** Lines read. */
  readonly lines: number
  /** The first line that this reader does not know. */
  readonly unknown?: UnknownLineError
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
nameErrors(UnknownLineError)

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
    try {
      parser.read(line, text.slice(start, end))
    } catch (error) {
      if (!(error instanceof UnknownLineError)) throw error
      return { steps: parser.steps, lines: line, unknown: error }
    }
    start = end + 1
  }
  return { steps: parser.steps, lines: line }
}

/** The text from a line on, counted from 1. */
export function* textFrom(text: string, line: number): Steps<string> {
  let start = 0
  for (let before = 1; before < line; before++) {
    start = text.indexOf('\n', start) + 1
    if (before % LINES_A_STEP === 0) yield
  }
  return text.slice(start)
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
      checkPlain(line, set, text)
      this.last = { set, action, target: this.targetFor(set, action) }
    }
    this.change.run.text.append(this.last.target, entry)
    this.change.lines.push(line)
  }
}

// What ipset takes out of a line wherever it stands, and quotes, which are not part of a name.
const option = /^-(!|e(xist)?|q(uiet)?|o(utput)?|s(orted)?|r(esolve)?|n(ame)?|t(erse)?|f(ile)?)$/

function checkPlain(line: number, name: string, text: string): void {
  if (!/["\0]/.test(name) && !option.test(name)) return
  throw new UnknownLineError(line, text, 'the name of a set without quotes, and no options of ipset itself')
}

function firstWord(text: string): [word: string, rest: string] {
  const blank = text.search(/[ \t]/)
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank).trimStart()]
}

function optionalName(line: number, rest: string, text: string): string | undefined {
  if (/[\s]/.test(rest)) throw new UnknownLineError(line, text, 'one set, or none')
  checkPlain(line, rest, text)
  return rest === '' ? undefined : rest
}

function twoNames(line: number, rest: string, text: string): { name: string; other: string } {
  const [name, other, more] = rest.split(/[ \t]+/)
  if (name !== undefined && other !== undefined && more === undefined) {
    for (const one of [name, other]) checkPlain(line, one, text)
    return { name, other }
  }
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
  checkPlain(line, name, source)
  const options: Record<string, unknown> = {}
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    const value = flags.has(word) ? true : valueOf(word, words[++at])
    // ipset takes no value twice.
    if (value === undefined || (value !== true && Object.hasOwn(options, word))) {
      throw new UnknownLineError(line, source, `options that 'create' takes, each once, with their values`)
    }
    options[word] = value
  }
  return { kind: 'create', line, name, type: type as SetTypeName, options: options }
}

function valueOf(option: string, value: string | undefined): unknown {
  if (value === undefined || !Object.hasOwn(valued, option)) return undefined
  return valued[option]?.(value)
}
