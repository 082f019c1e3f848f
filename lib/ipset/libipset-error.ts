/** What ipset refused, as an error with the line that it is about. */
import { DirectorError, errnoName, nameErrors, show } from '../errors.js'
import { kindOf, knownCode } from './kernel-errors.js'
import type { NativeRunFailure } from './libipset-addon.js'

/**
 * A line or command that ipset's language does not allow, or that the kernel refused. `kernelMessage` is ipset's own
 * text. `code` is the kernel's error by name (`'ENOENT'`, `'IPSET_ERR_EXIST'` …) where the kernel was asked, and
 * otherwise `'ERR_IPSET_SYNTAX'`, `'ERR_IPSET_NOT_MEMBER'` (the answer of a `test`), or `'ERR_IPSET_REFUSED'` for what
 * was not passed on to libipset: a name that it would look up, a file, a line longer than it can read.
 */
export class IpsetError extends DirectorError {
  /** Line of the input, from 1; `undefined` where the error is about no line. */
  readonly line: number | undefined
  /** The line, or the command. */
  readonly text: string

  /** @internal */
  constructor(operation: string, failure: NativeRunFailure, firstLine = 1) {
    const line = failure.line === 0 ? undefined : failure.line + firstLine - 1
    const where = line === undefined ? show(failure.text) : `line ${line}, ${show(failure.text)}`
    // ipset numbers the line itself only in some of its messages.
    const words = failure.message.replace(/^Error in line \d+: /, '')
    super(`${where}: ${words}`, {
      code: codeOf(failure),
      errno: failure.number === 0 ? undefined : failure.number,
      operation,
      kernelMessage: words,
    })
    this.line = line
    this.text = failure.text
  }
}
nameErrors(IpsetError)

/** The run itself could not be set up: a network namespace that is none. */
export function systemError(operation: string, failure: NativeRunFailure): DirectorError {
  return new DirectorError(failure.message, {
    code: errnoName(failure.number),
    errno: failure.number,
    operation,
  })
}

function codeOf(failure: NativeRunFailure): string {
  if (failure.kind === 'notice') return 'ERR_IPSET_NOT_MEMBER'
  if (failure.kind === 'refused') return 'ERR_IPSET_REFUSED'
  return failure.number === 0 ? 'ERR_IPSET_SYNTAX' : knownCode(failure.number, kindOf(failure.type)).name
}
