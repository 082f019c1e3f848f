/** Refusals of ipset in the kernel → errors that name the set, the entry and the reason. */
import type { CommitReport } from '../commit.js'
import {
  DirectorError,
  InvalidArgumentError,
  nameErrors,
  NetlinkError,
  type DirectorErrorDetails,
} from '../errors.js'
import { IPSET_ERR_EXIST, kindOf, knownCode } from './kernel-errors.js'
import { native, translate, type NativeFailure } from '../native.js'
import type { EntryOperation, EntryTarget } from './run.js'

/**
 * Why an entry is not what was asked for. `'already-there'`, `'absent'`: the set's state. `'full'`: maxelem or size.
 * `'refused'`: anything else that the kernel said.
 */
export type EntryFailure = 'already-there' | 'absent' | 'full' | 'refused'

/** The kernel refused one entry. `code` is its name for the reason (`'IPSET_ERR_EXIST'`). */
export class SetEntryError extends NetlinkError {
  readonly set: string
  /** In ipset's syntax, as it was given. */
  readonly entry: string
  readonly reason: EntryFailure
  /** Position of the entry, and what became of all entries of the call; only on rejections of `sets.add` and the like. */
  declare index?: number
  declare report?: CommitReport

  constructor(message: string, target: EntryTarget, reason: EntryFailure, details: DirectorErrorDetails) {
    super(message, details)
    this.set = target.set
    this.entry = target.entry
    this.reason = reason
  }
}

/** An entry that does not fit its set: refused before it was sent. */
export class InvalidEntryError extends InvalidArgumentError {
  readonly set: string
  readonly entry: string
  /** See {@link SetEntryError}. */
  declare index?: number
  declare report?: CommitReport

  constructor(field: string, value: unknown, allowed: string, target: EntryTarget, operation: string) {
    super(field, value, `${allowed} (entry '${target.entry}' of set '${target.set}')`, { operation })
    this.set = target.set
    this.entry = target.entry
  }
}

nameErrors(SetEntryError, InvalidEntryError)

/** The error for a refused change. `kind`, where it is known, decodes the numbers that types have of their own. */
export function explainChange(
  operation: EntryOperation,
  target: EntryTarget,
  code: number,
  text: string,
): DirectorError {
  if (code === native().sets.entryFault) return faultOf(operation, target, text)
  const about = `${operation} ${target.set} ${target.entry}`
  if (code === 0) {
    return new DirectorError(`${about}: the kernel's reply was lost; the operation may have taken effect`, {
      code: 'ERR_UNKNOWN_OUTCOME',
      operation,
    })
  }
  // C++ sends the set's kind along with numbers that depend on it.
  const kind = kindOf(`${text}:`)
  const { name, reason } = knownCode(code, kind)
  const absent = code === IPSET_ERR_EXIST && operation !== 'addEntry'
  return new SetEntryError(
    `${about}: ${absent ? 'no such entry' : reason} (${name})`,
    target,
    failureOf(operation, name),
    { code: name, errno: code, operation },
  )
}

function failureOf(operation: EntryOperation, name: string): EntryFailure {
  if (name === 'IPSET_ERR_EXIST') return operation === 'addEntry' ? 'already-there' : 'absent'
  return name === 'IPSET_ERR_HASH_FULL' || name === 'IPSET_ERR_LIST_FULL' ? 'full' : 'refused'
}

function faultOf(operation: EntryOperation, target: EntryTarget, text: string): InvalidEntryError {
  const [field = 'entry', value = '', allowed = ''] = text.split('\u0001')
  return new InvalidEntryError(field, value, allowed, target, operation)
}

/** For calls on whole sets: what a number means for this call. `about` names the set, `type` is its type where known. */
export function explainSets(
  operation: string,
  about = '',
  known: Readonly<Record<number, string>> = {},
  type = '',
) {
  return (error: unknown): unknown =>
    translate(error, (failure: NativeFailure) => {
      const { name, reason } = knownCode(failure.number, kindOf(type))
      const words = known[failure.number] ?? reason
      const details = failure.detail === '' ? '' : `: ${failure.detail}`
      return new NetlinkError(
        `${operation}${about === '' ? '' : ` ${about}`}: ${words}${details} (${name})`,
        {
          code: name,
          errno: failure.number,
          operation,
          kernelMessage: failure.detail === '' ? undefined : failure.detail,
        },
      )
    })
}
