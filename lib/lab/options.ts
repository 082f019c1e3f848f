/** What a caller may ask of a guest, and the form in which the rest of the lab reads it. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { checkChoice, checkKeys, checkSignal } from '../check.js'
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
  /** The command's working directory, which must exist. Default: that of this process. */
  cwd?: string | undefined
  stdin?: LabInput | undefined
  stdout?: LabOutput | undefined
  stderr?: LabOutput | undefined
  /** How collected output is returned: `'utf8'` (default) as strings, `'buffer'` as Buffers. */
  encoding?: 'utf8' | 'buffer' | undefined
  /** Kills the guest; the call rejects with `AbortError`. */
  signal?: AbortSignal | undefined
}

// Every option, so that a misspelt one is refused. The compiler sees to it that none is forgotten.
const OPTIONS: Readonly<Record<keyof LabOptions, true>> = {
  backend: true,
  kernel: true,
  memory: true,
  cpus: true,
  timeoutSeconds: true,
  write: true,
  env: true,
  cwd: true,
  stdin: true,
  stdout: true,
  stderr: true,
  encoding: true,
  signal: true,
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
  checkKeys(options, 'options', Object.keys(OPTIONS))
  checkChoice(options.encoding ?? 'utf8', 'encoding', ['utf8', 'buffer'])
  const cwd = checkedFolder('cwd', options.cwd ?? process.cwd(), process.cwd())
  const stdin = checkedInput(options.stdin ?? 'ignore')
  const stdout = checkedOutput('stdout', options.stdout ?? 'pipe')
  const stderr = checkedOutput('stderr', options.stderr ?? 'pipe')
  const inherited = stdin === 'inherit' && stdout === 'inherit' && stderr === 'inherit'
  return {
    command: checkedCommand(command),
    backend: checkChoice(options.backend ?? 'uml', 'backend', ['uml', 'qemu']),
    kernel: checkedKernel(options.kernel),
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
    signal: checkSignal(options.signal, 'signal'),
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

function checkedKernel(kernel: unknown): string | undefined {
  if (kernel === undefined || (isArgument(kernel) && kernel !== '')) return kernel
  throw new InvalidArgumentError('kernel', kernel, "the path of a kernel, or 'debian'")
}

function checkedInput(stdin: LabInput): LabInput {
  if (stdin === 'ignore' || stdin === 'inherit' || stdin instanceof Uint8Array || isReadable(stdin))
    return stdin
  throw new InvalidArgumentError('stdin', stdin, "'ignore', 'inherit', a Uint8Array or a readable stream")
}

// By what is used of it: streams of other libraries are none of Node's class.
function isReadable(value: unknown): value is Readable {
  return typeof (value as Partial<Readable> | null)?.iterator === 'function'
}

function checkedOutput(field: string, output: LabOutput): LabOutput {
  if (typeof output === 'function' || ['pipe', 'inherit', 'ignore'].includes(output)) return output
  throw new InvalidArgumentError(field, output, "'pipe', 'inherit', 'ignore' or a function")
}

function checkedEnvironment(env: unknown): Record<string, string> {
  if (typeof env !== 'object' || env === null) {
    throw new InvalidArgumentError('env', env, 'an object of names and values')
  }
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(env) as [string, unknown][]) {
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

function writableFolders(write: unknown, cwd: string): readonly string[] {
  const folders = write === true ? [cwd] : write === false ? [] : write
  if (!Array.isArray(folders)) {
    throw new InvalidArgumentError('write', write, 'true, false or a list of existing folders')
  }
  return folders.map((folder: unknown, index) => checkedFolder(`write[${index}]`, folder, cwd))
}

// The guest's list of folders has one a line.
function checkedFolder(field: string, folder: unknown, base: string): string {
  const path = isArgument(folder) ? resolve(base, folder) : undefined
  if (
    path === undefined ||
    path.includes('\n') ||
    !statSync(path, { throwIfNoEntry: false })?.isDirectory()
  ) {
    throw new InvalidArgumentError(field, folder, 'an existing folder')
  }
  return path
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
