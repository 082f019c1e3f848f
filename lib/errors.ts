/**
 * Every error that leaves the library is a {@link DirectorError}. `code` is the stable contract: an errno
 * name (`'EEXIST'`) where the kernel or a system call refused, an `ERR_…` name where we did. Messages are for
 * people and may change.
 */
import { getSystemErrorName, inspect } from 'node:util'

const brand = Symbol.for('ipvs-director.error')

export interface DirectorErrorDetails {
  /** Stable name, see the table in docs/errors.md. */
  code: string
  /** Positive errno or kernel error number, where one was given. */
  errno?: number | undefined
  /** What was being done, in the words of the API (`'addServer'`). */
  operation?: string | undefined
  /** The kernel's own words: extended acknowledgement text (NLMSGERR_ATTR_MSG). */
  kernelMessage?: string | undefined
  cause?: unknown
}

export class DirectorError extends Error {
  readonly code: string
  readonly errno: number | undefined
  readonly operation: string | undefined
  readonly kernelMessage: string | undefined

  constructor(message: string, details: DirectorErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.errno = details.errno
    this.operation = details.operation
    this.kernelMessage = details.kernelMessage
  }

  /** True for our errors, also for those of another copy of the package. */
  static is(value: unknown): value is DirectorError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
Object.defineProperty(DirectorError.prototype, brand, { value: true })

/** A value was refused before anything was sent. `code` is `'ERR_INVALID_ARGUMENT'` unless a narrower one fits. */
export class InvalidArgumentError extends DirectorError {
  /** Path of the offending value (`'servers[3].weight'`). */
  readonly field: string
  readonly value: unknown
  /** What would have been accepted, in words. */
  readonly allowed: string

  constructor(field: string, value: unknown, allowed: string, details: Partial<DirectorErrorDetails> = {}) {
    super(`${field}: expected ${allowed}, got ${show(value)}`, { code: 'ERR_INVALID_ARGUMENT', ...details })
    this.field = field
    this.value = value
    this.allowed = allowed
  }
}

/** The kernel, the machine or the installation lacks something; `remedy` says how to get it. */
export class UnsupportedFeatureError extends DirectorError {
  readonly feature: string
  readonly reason: string
  readonly remedy: string
  /** First kernel release that has it, where that is the reason (`'5.8'`). */
  readonly minimumKernel: string | undefined

  constructor(
    feature: string,
    reason: string,
    remedy: string,
    details: Partial<DirectorErrorDetails> & { minimumKernel?: string } = {},
  ) {
    super(`${feature}: ${reason}; ${remedy}`, { code: 'ERR_UNSUPPORTED_FEATURE', ...details })
    this.feature = feature
    this.reason = reason
    this.remedy = remedy
    this.minimumKernel = details.minimumKernel
  }
}

/** A netlink request that the kernel refused, or a system call on the way that failed. `code` is the errno's name. */
export class NetlinkError extends DirectorError {}

/** An operation was stopped by its AbortSignal. `cause` is the signal's reason. `code` is `'ABORT_ERR'`. */
export class AbortError extends DirectorError {
  constructor(operation: string, reason: unknown) {
    super(`${operation} was aborted`, { code: 'ABORT_ERR', operation, cause: reason })
  }
}

/** `name` sits on the prototypes and is not enumerable, so that errors print and compare without noise. */
export function nameErrors(...types: readonly (abstract new (...args: never[]) => Error)[]): void {
  for (const type of types) {
    Object.defineProperty(type.prototype, 'name', { value: type.name, configurable: true, writable: true })
  }
}
nameErrors(DirectorError, InvalidArgumentError, UnsupportedFeatureError, NetlinkError, AbortError)

/** The errno's name (`17` → `'EEXIST'`); numbers the C library does not know become `'E<number>'`. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno)
  } catch {
    return `E${errno}`
  }
}

/** A value as it should stand in an error message: short, on one line. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 80, maxArrayLength: 5 })
  return text.length > 160 ? `${text.slice(0, 157)}...` : text
}
