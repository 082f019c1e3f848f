/** Carries out the text of `ipset save`: by ourselves, and by libipset from the first line on that we do not take. */
import { Batch, entryOptions } from '../batch.js'
import { AbortError, DirectorError, InvalidArgumentError, nameErrors } from '../errors.js'
import { inTurns } from '../turns.js'
import type { Commit } from './change.js'
import { IpsetError } from './libipset-error.js'
import type { Target } from './packed-text.js'
import { parseRestore, textFrom, UnknownLineError, type RestoreStep } from './restore-parse.js'
import type { SetOptions, SetTypeName } from './types.js'

export interface SetRestoreOptions {
  /** What is there already (to remove: is not there): an error, or nothing to speak of (`-exist`). @default 'error' */
  readonly exist?: 'error' | 'ignore'
  /** Take `'http'` for a port, by this machine's /etc/services. @default false */
  readonly serviceNames?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface SetRestoreReport {
  /** Lines read. */
  readonly lines: number
  /** Who carried them out. */
  readonly by: 'ipvs-director' | 'libipset'
  readonly elapsedMs: number
}

/**
 * A line that was refused. Lines before it took effect, those behind it did not. `code` is that of its `cause`, which is
 * an {@link IpsetError} where libipset read the line.
 */
export class SetRestoreError extends DirectorError {
  /** From 1. */
  readonly line: number

  constructor(line: number, cause: DirectorError) {
    // libipset's error begins with the line, and quotes it.
    super(cause instanceof IpsetError ? cause.message : `line ${line}: ${cause.message}`, {
      code: cause.code,
      errno: cause.errno,
      operation: 'restore',
      kernelMessage: cause.kernelMessage,
      cause,
    })
    this.line = line
  }
}
nameErrors(SetRestoreError)

/** What the steps are carried out with. */
export interface RestoreHost {
  readonly commit: Commit
  create(name: string, type: SetTypeName, options: SetOptions & { exist: 'error' | 'ignore' }): Promise<void>
  flush(name?: string): Promise<void>
  destroy(name?: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  swap(one: string, other: string): Promise<void>
  /** libipset's reading of the text from a line on, which its errors count from. */
  libipset(text: string, firstLine: number, options: SetRestoreOptions): Promise<{ lines: number }>
}

/**
 * Line by line. From the first that we refuse on (the kernel's refusals are its own), the text is libipset's, where that is
 * there: it knows every line that ipset does.
 */
export async function restoreText(
  host: RestoreHost,
  text: string,
  options: SetRestoreOptions,
): Promise<SetRestoreReport> {
  const started = performance.now()
  const { exist = 'error', signal } = options
  const checked = entryOptions(options)
  const targetFor = (set: string, action: Target['action']) => ({ set, action, ...checked })
  const { steps, lines, unknown } = await parseRestore(text, targetFor)
  const refused =
    (await carryOutAll(host, steps, exist, signal)) ?? (unknown && new SetRestoreError(unknown.line, unknown))
  if (refused === undefined) return { lines, by: 'ipvs-director', elapsedMs: performance.now() - started }
  const all = await byLibipset(host, text, options, refused)
  return { lines: all, by: 'libipset', elapsedMs: performance.now() - started }
}

/** Returns the error of a line that we refused before the kernel saw it; rejects with any other. */
async function carryOutAll(
  host: RestoreHost,
  steps: readonly RestoreStep[],
  exist: 'error' | 'ignore',
  signal: AbortSignal | undefined,
): Promise<SetRestoreError | undefined> {
  try {
    for (const step of steps) await carryOut(host, step, exist, signal)
    return undefined
  } catch (error) {
    if (error instanceof SetRestoreError && error.cause instanceof InvalidArgumentError) return error
    throw error
  }
}

/** Resolves with the lines of the whole text. Where libipset is of our opinion, or not there, our error tells more. */
async function byLibipset(
  host: RestoreHost,
  text: string,
  options: SetRestoreOptions,
  refused: SetRestoreError,
): Promise<number> {
  const before = refused.line - 1
  try {
    const rest = await inTurns(textFrom(text, refused.line))
    return before + (await host.libipset(rest, refused.line, options)).lines
  } catch (error) {
    if (error instanceof DirectorError && error.code === 'ERR_UNSUPPORTED_FEATURE') throw refused
    if (!(error instanceof IpsetError)) throw error
    const { line = refused.line } = error
    const agreed = line === refused.line && agreeing.has(error.code)
    throw agreed && !(refused.cause instanceof UnknownLineError) ? refused : new SetRestoreError(line, error)
  }
}

// Neither of them asked the kernel.
const agreeing = new Set(['ERR_IPSET_SYNTAX', 'ERR_IPSET_REFUSED'])

async function carryOut(
  host: RestoreHost,
  step: RestoreStep,
  exist: 'error' | 'ignore',
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted === true) throw new AbortError('restore', signal.reason)
  if (step.kind === 'change') {
    const { failed } = await host.commit(Batch.of(step.run), { signal })
    if (failed[0] !== undefined) {
      throw new SetRestoreError(step.lines[failed[0].index] ?? 0, failed[0].error)
    }
    return
  }
  try {
    await onSets(host, step, exist)
  } catch (error) {
    throw error instanceof DirectorError ? new SetRestoreError(step.line, error) : error
  }
}

function onSets(
  host: RestoreHost,
  step: Exclude<RestoreStep, { kind: 'change' }>,
  exist: 'error' | 'ignore',
): Promise<void> {
  switch (step.kind) {
    case 'create':
      return host.create(step.name, step.type, { ...step.options, exist })
    case 'flush':
      return host.flush(step.name)
    case 'destroy':
      return host.destroy(step.name)
    case 'rename':
      return host.rename(step.name, step.other)
    case 'swap':
      return host.swap(step.name, step.other)
  }
}
