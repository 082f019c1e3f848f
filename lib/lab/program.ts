/** Runs a program of the host to its end, with an argument vector. */
import { spawn } from 'node:child_process'
import { AbortError } from '../errors.js'
import { LabError, type LabErrorCode } from './errors.js'

export interface ProgramOptions {
  /** Debian package that has the program, for the error message. */
  package?: string
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** File descriptor for standard output; collected as text by default. */
  stdout?: number
  /** Called with each piece of standard output and standard error. */
  onOutput?: (text: string) => void
  signal?: AbortSignal | undefined
  /** `code` of the error if the program fails. Default `'ERR_LAB_FETCH'`. */
  code?: LabErrorCode
}

/** What the program printed on standard output. Rejects if it cannot be started or returns anything but 0. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const code = options.code ?? 'ERR_LAB_FETCH'
  if (options.signal?.aborted === true) throw new AbortError(program, options.signal.reason)
  return new Promise((resolve, reject) => {
    // A process group of its own, so that an abort reaches what the program started (make and its compilers).
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
    })
    let output = ''
    let tail = ''
    const abort = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    }
    options.signal?.addEventListener('abort', abort, { once: true })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      options.onOutput?.(text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-4000)
      options.onOutput?.(text)
    })
    child.once('error', (cause: NodeJS.ErrnoException) => reject(cannotStart(program, options, cause)))
    child.once('close', (status, signal) => {
      options.signal?.removeEventListener('abort', abort)
      if (options.signal?.aborted === true) reject(new AbortError(program, options.signal.reason))
      else if (status === 0) resolve(output)
      else
        reject(
          new LabError(
            `${program} failed (${signal ?? `exit code ${status}`}): ${lastLines(tail || output)}`,
            { code },
          ),
        )
    })
  })
}

function cannotStart(program: string, options: ProgramOptions, cause: NodeJS.ErrnoException): LabError {
  const reason =
    cause.code === 'ENOENT' ? 'is not installed' : `cannot be started (${cause.code ?? cause.message})`
  const remedy =
    options.package === undefined
      ? undefined
      : `run: apt-get install --no-install-recommends ${options.package}`
  return new LabError(`the program ${program} ${reason}`, { code: 'ERR_LAB_PROGRAM_MISSING', cause, remedy })
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ')
}
