/** Runs programs, always with an argument vector. */
import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { AbortError } from '../errors.js'
import { LabError, type LabErrorCode } from './errors.js'

export interface ProgramOptions {
  /** Debian package that has the program, for the error message. */
  package?: string
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Text for standard input; empty by default. */
  input?: string
  /** File descriptor for standard output; collected as text by default. */
  stdout?: number
  /** Called with each piece of standard output and standard error. */
  onOutput?: (text: string) => void
  signal?: AbortSignal | undefined
}

export interface ProgramResult {
  /** 128 + n where signal n ended the program. */
  exitCode: number
  stdout: string
  stderr: string
}

/** What the program printed on standard output. Rejects with `code` if it returns anything but 0. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions & { code: LabErrorCode; remedy?: string },
): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(program, args, options)
  if (exitCode === 0) return stdout
  const { code, remedy } = options
  throw new LabError(`${program} returned ${exitCode}: ${lastLines(stderr || stdout)}`, { code, remedy })
}

/** Runs a program to its end, whatever it returns. Rejects if it cannot be started, or is aborted. */
export async function execute(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { signal } = options
  if (signal?.aborted) throw new AbortError(program, signal.reason)
  // A process group of its own, so that an abort reaches what the program started (make and its compilers).
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  })
  const stop = (): void => stopGroup(child)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    child.stdin?.on('error', () => {}).end(options.input ?? '') // the program need not read it
    const [stdout, stderr, exitCode] = await Promise.all([
      collect(child.stdout, options.onOutput),
      collect(child.stderr, options.onOutput),
      ended(child, program, options),
    ])
    if (signal?.aborted) throw new AbortError(program, signal.reason)
    return { exitCode, stdout, stderr }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function stopGroup(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
}

async function collect(stream: Readable | null, onOutput?: (text: string) => void): Promise<string> {
  let text = ''
  if (stream === null) return text
  for await (const piece of stream.setEncoding('utf8') as AsyncIterable<string>) {
    text += piece
    onOutput?.(piece)
  }
  return text
}

function ended(child: ChildProcess, program: string, options: ProgramOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => reject(cannotStart(program, options, cause)))
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
  })
}

function cannotStart(program: string, options: ProgramOptions, cause: NodeJS.ErrnoException): LabError {
  const reason = cause.code === 'ENOENT' ? 'is not installed' : `cannot be started (${cause.message})`
  const remedy =
    options.package === undefined
      ? undefined
      : `run: apt-get install --no-install-recommends ${options.package}`
  return new LabError(`the program ${program} ${reason}`, { code: 'ERR_LAB_PROGRAM_MISSING', cause, remedy })
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ')
}
