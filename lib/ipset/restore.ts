/** Carries out the text of `ipset save`: by ourselves where we know each line, by libipset otherwise. */
import { Batch } from '../batch.js'
import { DirectorError } from '../errors.js'
import type { Commit } from './change.js'
import { parseRestore, UnknownLineError, type RestoreStep } from './restore-parse.js'
import type { Target } from './packed-text.js'
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

/** A line that was refused. Lines before it took effect, those behind it did not. `code` is that of its `cause`. */
export class SetRestoreError extends DirectorError {
  /** From 1. */
  readonly line: number

  constructor(line: number, cause: DirectorError) {
    super(`line ${line}: ${cause.message}`, {
      code: cause.code,
      errno: cause.errno,
      operation: 'restore',
      cause,
    })
    this.line = line
  }
}
Object.defineProperty(SetRestoreError.prototype, 'name', {
  value: 'SetRestoreError',
  configurable: true,
  writable: true,
})

/** What the steps are carried out with. */
export interface RestoreHost {
  readonly commit: Commit
  create(name: string, type: SetTypeName, options: SetOptions & { exist: 'error' | 'ignore' }): Promise<void>
  flush(name?: string): Promise<void>
  destroy(name?: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  swap(one: string, other: string): Promise<void>
  /** libipset's reading of the same text. */
  libipset(text: string, options: SetRestoreOptions): Promise<{ lines: number }>
}

export async function restoreText(
  host: RestoreHost,
  text: string,
  options: SetRestoreOptions,
): Promise<SetRestoreReport> {
  const started = performance.now()
  const { exist = 'error', serviceNames = false, signal } = options
  const targetFor = (set: string, action: Target['action']) => ({
    set,
    action,
    exclusive: exist === 'error',
    serviceNames,
  })
  const parsed = await parseRestore(text, targetFor).catch((error: unknown) => {
    if (error instanceof UnknownLineError) return error
    throw error
  })
  if (parsed instanceof UnknownLineError) {
    const { lines } = await byLibipset(host, text, options, parsed)
    return { lines, by: 'libipset', elapsedMs: performance.now() - started }
  }
  for (const step of parsed.steps) await carryOut(host, step, exist, signal)
  return { lines: parsed.lines, by: 'ipvs-director', elapsedMs: performance.now() - started }
}

// Without libipset the line that we do not know is the error.
async function byLibipset(
  host: RestoreHost,
  text: string,
  options: SetRestoreOptions,
  unknown: UnknownLineError,
) {
  try {
    return await host.libipset(text, options)
  } catch (error) {
    const missing = error instanceof DirectorError && error.code === 'ERR_UNSUPPORTED_FEATURE'
    throw missing ? new SetRestoreError(unknown.line, unknown) : error
  }
}

async function carryOut(
  host: RestoreHost,
  step: RestoreStep,
  exist: 'error' | 'ignore',
  signal: AbortSignal | undefined,
): Promise<void> {
  if (step.kind === 'change') {
    const { failed } = await host.commit(Batch.of(step.run), { signal })
    if (failed[0] !== undefined) {
      throw new SetRestoreError(step.lines[failed[0].index] ?? 0, failed[0].error)
    }
    return
  }
  signal?.throwIfAborted()
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
