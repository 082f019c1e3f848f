/** Runs one program of a test run: output goes through as it comes, and is read line by line on the way. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Shows a line to whoever watches the run. */
export type Print = (line: string) => void

export interface ProgramOptions {
  print: Print
  /** Looks at a line of standard output; returns false to keep it from being shown. */
  onLine?: (line: string) => boolean
  /** Milliseconds after which the program and its children are ended. */
  limit: number
}

/** Resolves with `undefined` when the program succeeded, and otherwise with what went wrong, in words. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<string | undefined> {
  // A process group of its own, so that the limit ends the children too.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stopGroup = (): void => {
    if (child.pid !== undefined) killGroup(child.pid)
  }
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    stopGroup()
  }, options.limit)
  process.once('exit', stopGroup)

  createInterface({ input: child.stdout }).on('line', (line) => {
    if (options.onLine?.(line) ?? true) options.print(line)
  })
  createInterface({ input: child.stderr }).on('line', options.print)
  try {
    return await outcome(child, () => (timedOut ? `stopped after ${options.limit / 1000} s` : undefined))
  } finally {
    clearTimeout(timer)
    process.off('exit', stopGroup)
  }
}

function outcome(
  child: ReturnType<typeof spawn>,
  ownReason: () => string | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined)
      else resolve(ownReason() ?? (signal === null ? `exit code ${code}` : `ended by ${signal}`))
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}
