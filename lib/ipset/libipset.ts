/**
 * ipset's whole text language, through libipset itself: for text that comes from `ipset save`, for every option that
 * the ipset tool of the same version knows, and for output that is equal to the tool's byte for byte. For bulk work
 * `kernel.sets` is faster.
 */
import { InvalidArgumentError } from '../errors.js'
import { checkInteger } from '../check.js'
import type { IpsetInput } from './input-pump.js'
import { libipsetAddon, type NativePermissions, type NativeRunResult } from './libipset-addon.js'
import { IpsetError, systemError } from './libipset-error.js'
import { runLibipset } from './libipset-run.js'
import { printedManual } from './manual.js'

export interface LibipsetOptions {
  /** Path of a network namespace. @default the caller's own */
  readonly netns?: string | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Accept host names for addresses. They are resolved by the system while everybody else's calls of libipset in this
   * process wait, and a lookup cannot be aborted. @default false
   */
  readonly allowHostNames?: boolean | undefined
  /** Accept the service names of /etc/services for ports. @default false */
  readonly allowServiceNames?: boolean | undefined
}

export interface LibipsetRestoreOptions extends LibipsetOptions {
  /** Additions of what is there, and removals of what is not, are no errors (`-exist`). @default false */
  readonly exist?: boolean | undefined
  /** Number of the input's first line, where it is the rest of a longer text; errors count from it. @default 1 */
  readonly firstLine?: number | undefined
}

export interface IpsetRestoreReport {
  /** Lines read, comments and blank lines included. */
  readonly lines: number
  /** What ipset warned of, such as options that it ignores; the first 100. */
  readonly warnings: readonly string[]
  /** What `list` and `save` lines printed. */
  readonly output: string
}

export type IpsetSaveFormat = 'save' | 'plain' | 'xml'

export interface LibipsetSaveOptions extends LibipsetOptions {
  /** `save` is what `restore` reads, `plain` is what `ipset list` shows. @default 'save' */
  readonly format?: IpsetSaveFormat | undefined
  /** Entries in order, where the set's type has one (`-sorted`). @default false */
  readonly sorted?: boolean | undefined
}

export interface IpsetCommandResult {
  /** 0: done, or "is in the set"; 1: refused, or "is not in the set"; 2: wrong usage. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface LibipsetCommandOptions extends LibipsetOptions {
  /** For `restore`. @default empty */
  readonly stdin?: IpsetInput | undefined
}

/**
 * libipset, as {@link loadLibipset} found it. One thread of the process uses it at a time, whichever worker or copy of
 * this package asks: calls wait for each other. All of it happens off the event loop.
 */
export class Libipset {
  /** Of libipset when this was built (`'7.17'`). */
  readonly version: string

  /** @internal use {@link loadLibipset} */
  constructor(version: string) {
    this.version = version
  }

  /**
   * Carries the lines out, in order, as `ipset restore` does. Lines before a failing one have been carried out, it and
   * those after it have not. An aborted restore stops after some line. A warning does not end it (the tool stops
   * there). Input is read as it is needed, so that a long stream takes little memory.
   *
   * Errors: {@link IpsetError}; `ABORT_ERR`; `ERR_UNSUPPORTED_FEATURE`; `ENOENT`, `EINVAL` or `EPERM` for `netns`.
   */
  async restore(input: IpsetInput, options: LibipsetRestoreOptions = {}): Promise<IpsetRestoreReport> {
    checkOptions(options)
    const firstLine = checkInteger(options.firstLine ?? 1, 'firstLine', 1, Number.MAX_SAFE_INTEGER)
    const output: Buffer[] = []
    const request = {
      mode: 'restore' as const,
      words: [],
      networkNamespace: options.netns ?? '',
      ignoresPresence: options.exist ?? false,
      screen: permissions(options, false),
    }
    const streams = { input, output: (chunk: Buffer) => void output.push(chunk), diagnostics: () => {} }
    const result = await runLibipset('restore', request, streams, options.signal)
    throwFailure('restore', result, firstLine)
    return { lines: result.lines, warnings: result.warnings, output: Buffer.concat(output).toString() }
  }

  /**
   * One set, or all of them, as text. Equal to what the ipset tool of this version prints.
   *
   * Errors: {@link IpsetError} (`ENOENT` for a set that is missing); the others of {@link restore}.
   */
  async save(name?: string, options: LibipsetSaveOptions = {}): Promise<string> {
    checkOptions(options)
    const format = options.format ?? 'save'
    if (!['save', 'plain', 'xml'].includes(format)) {
      throw new InvalidArgumentError('format', format, "'save', 'plain' or 'xml'")
    }
    if (name !== undefined && !isSetName(name)) {
      throw new InvalidArgumentError('name', name, 'the name of a set: 1 to 31 bytes that are no option')
    }
    const sorted = options.sorted === true ? ['-sorted'] : []
    const words = ['-output', format, ...sorted, 'list', ...(name === undefined ? [] : [name])]
    const { stdout, result } = await this.command('save', words, options)
    throwFailure('save', result)
    return stdout
  }

  /**
   * Runs one ipset command line. Resolves with what the tool would have printed and returned, also when it failed;
   * `-file` is followed. Words that would have to be looked up are refused with exit code 2 unless allowed.
   *
   * Errors: `ABORT_ERR`; `ERR_IPSET_INPUT`; `ERR_UNSUPPORTED_FEATURE`; those of `netns`.
   */
  async run(words: readonly string[], options: LibipsetCommandOptions = {}): Promise<IpsetCommandResult> {
    checkOptions(options)
    checkWords(words)
    if (libipsetAddon().isManual(words)) return printedManual(words, options.netns, options.signal)
    const { stdout, stderr, result } = await this.command('run', words, options)
    return { exitCode: result.exitCode, stdout, stderr }
  }

  private async command(operation: string, words: readonly string[], options: LibipsetCommandOptions) {
    const output: Buffer[] = []
    const diagnostics: Buffer[] = []
    const request = {
      mode: 'command' as const,
      words,
      networkNamespace: options.netns ?? '',
      ignoresPresence: false,
      screen: permissions(options, true),
    }
    const streams = {
      input: options.stdin ?? '',
      output: (chunk: Buffer) => void output.push(chunk),
      diagnostics: (chunk: Buffer) => void diagnostics.push(chunk),
    }
    const result = await runLibipset(operation, request, streams, options.signal)
    if (result.failure?.kind === 'system') throw systemError(operation, result.failure)
    return {
      stdout: Buffer.concat(output).toString(),
      stderr: Buffer.concat(diagnostics).toString(),
      result,
    }
  }
}

/** Loads libipset. Throws `ERR_UNSUPPORTED_FEATURE`, which says how to get it, where it is not installed. */
export function loadLibipset(): Libipset {
  return new Libipset(libipsetAddon().version)
}

/** Throws ERR_INVALID_ARGUMENT for anything but words that a command line could have. */
export function checkWords(words: readonly string[]): void {
  words.forEach((word, index) => {
    if (typeof word === 'string' && !word.includes('\0')) return
    throw new InvalidArgumentError(`words[${index}]`, word, 'a string without NUL')
  })
}

function checkOptions(options: LibipsetOptions): void {
  const { netns } = options
  if (netns !== undefined && (typeof netns !== 'string' || netns === '' || netns.includes('\0'))) {
    throw new InvalidArgumentError('netns', netns, 'the path of a network namespace')
  }
}

function isSetName(name: unknown): boolean {
  return (
    typeof name === 'string' &&
    name !== '' &&
    Buffer.byteLength(name) <= 31 &&
    !name.startsWith('-') &&
    !name.includes('\0')
  )
}

function permissions(options: LibipsetOptions, files: boolean): NativePermissions {
  return {
    hostNames: options.allowHostNames ?? false,
    serviceNames: options.allowServiceNames ?? false,
    files,
  }
}

function throwFailure(operation: string, { failure }: NativeRunResult, firstLine = 1): void {
  if (failure === undefined) return
  if (failure.kind === 'system') throw systemError(operation, failure)
  throw new IpsetError(operation, failure, firstLine)
}
