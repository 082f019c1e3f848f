/** What a caller may ask of a guest, and the form in which the rest of the lab reads it. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import { parseMemory } from './size.js'

export type LabBackend = 'uml' | 'qemu'

/** `'pipe'` collects into the result, `'inherit'` writes to this process's own stream, a function gets each chunk. */
export type LabOutput = 'pipe' | 'inherit' | 'ignore' | ((chunk: Buffer) => void)

/**
 * `'ignore'`: an empty input. `'inherit'`: this process's own input; where that and both outputs are terminals
 * and inherited, the command gets a terminal. Bytes or a stream: the input itself.
 */
export type LabInput = 'ignore' | 'inherit' | Uint8Array | Readable

export interface LabOptions {
  /** `'uml'` (default): User-Mode Linux, as an ordinary process. `'qemu'`: Debian's stock kernel, emulated. */
  backend?: LabBackend | undefined
  /**
   * For `'uml'`: the kernel's executable (or an `.xz` of it), or `'debian'`. Default: see `findUmlKernel`.
   * For `'qemu'`: a folder made by `Lab.fetchKernel()`. Default: the newest one in the cache folder.
   */
  kernel?: string | undefined
  /** Guest memory: bytes, or text such as `'512M'`, `'4G'`. Default `'2G'`, at least 128 MiB. */
  memory?: string | number | undefined
  /** Number of CPUs. Default 1 in UML (more needs Linux 6.19), 2 in QEMU. */
  cpus?: number | undefined
  /** The guest is killed and the call rejects (`ERR_LAB_TIMEOUT`) after so many seconds, boot included. Default: never. */
  timeoutSeconds?: number | undefined
  /** Host folders that the command may change: `true` for `cwd`, or a list. Default: none, every change is thrown away. */
  write?: boolean | readonly string[] | undefined
  /** The command's environment. Default: that of this process. */
  env?: Readonly<Record<string, string | undefined>> | undefined
  /** The command's working directory. Default: that of this process. */
  cwd?: string | undefined
  stdin?: LabInput | undefined
  stdout?: LabOutput | undefined
  stderr?: LabOutput | undefined
  /** How collected output is returned: `'utf8'` (default) as strings, `'buffer'` as Buffers. */
  encoding?: 'utf8' | 'buffer' | undefined
  /** Kills the guest; the call rejects with `AbortError`. */
  signal?: AbortSignal | undefined
}

/** Options with every default filled in and every value checked. */
export interface LabRequest {
  readonly command: readonly string[]
  readonly backend: LabBackend
  readonly kernel: string | undefined
  readonly memoryBytes: number
  readonly cpus: number | undefined
  readonly timeoutSeconds: number | undefined
  readonly write: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stdin: LabInput
  readonly stdout: LabOutput
  readonly stderr: LabOutput
  /** The command gets a terminal. */
  readonly terminal: boolean
  readonly signal: AbortSignal | undefined
}

/** @throws InvalidArgumentError */
export function labRequest(command: readonly string[], options: LabOptions): LabRequest {
  const cwd = resolve(options.cwd ?? process.cwd())
  const stdin = options.stdin ?? 'ignore'
  const stdout = options.stdout ?? 'pipe'
  const stderr = options.stderr ?? 'pipe'
  const inherited = stdin === 'inherit' && stdout === 'inherit' && stderr === 'inherit'
  return {
    command: checkedCommand(command),
    backend: oneOf('backend', options.backend ?? 'uml', ['uml', 'qemu']),
    kernel: options.kernel,
    memoryBytes: parseMemory(options.memory ?? '2G'),
    cpus: options.cpus === undefined ? undefined : checkedNumber('cpus', options.cpus, 1, 64, true),
    timeoutSeconds:
      options.timeoutSeconds === undefined
        ? undefined
        : // Node's timers end at 2^31 ms.
          checkedNumber('timeoutSeconds', options.timeoutSeconds, 0.001, 2_147_483, false),
    write: writableFolders(options.write ?? false, cwd),
    env: checkedEnvironment(options.env ?? process.env),
    cwd,
    stdin,
    stdout,
    stderr,
    terminal: inherited && isTerminal(),
    signal: options.signal,
  }
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY
}

function checkedCommand(command: readonly string[]): readonly string[] {
  const valid = Array.isArray(command) && command.length > 0 && command.every(isArgument) && command[0] !== ''
  // env(1) would take a name with '=' for a variable.
  if (!valid || command[0]?.includes('=')) {
    throw new InvalidArgumentError(
      'command',
      command,
      'a program name without "=" and its arguments, strings without NUL',
    )
  }
  return command
}

function isArgument(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function checkedEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    if (name === '' || /[=\0]/.test(name) || !isArgument(value)) {
      throw new InvalidArgumentError(
        `env[${JSON.stringify(name)}]`,
        value,
        'a name without "=" and a value without NUL',
      )
    }
    checked[name] = value
  }
  return checked
}

function writableFolders(write: boolean | readonly string[], cwd: string): readonly string[] {
  const folders = write === true ? [cwd] : write === false ? [] : write
  return folders.map((folder, index) => {
    const path = resolve(cwd, folder)
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory() || path.includes('\n')) {
      throw new InvalidArgumentError(`write[${index}]`, folder, 'an existing folder')
    }
    return path
  })
}

function checkedNumber(field: string, value: number, least: number, most: number, whole: boolean): number {
  if (
    typeof value !== 'number' ||
    !(value >= least && value <= most) ||
    (whole && !Number.isInteger(value))
  ) {
    throw new InvalidArgumentError(
      field,
      value,
      `${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`,
    )
  }
  return value
}

function oneOf<T extends string>(field: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value))
    throw new InvalidArgumentError(field, value, allowed.map((word) => `'${word}'`).join(' or '))
  return value
}
