/** Runs one program of a test run: output goes through as it comes, and is read line by line on the way. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Shows a line to whoever watches the run. */
export type Print = (line: string) => void

/** What a program said last mostly tells why it failed, where nothing but the end of a run is at hand. */
const mostLines = 4

export interface ProgramOptions {
  print: Print
  /** Looks at a line of standard output; returns false to keep it from being shown. */
  onLine?: (line: string) => boolean
  /** Milliseconds after which the program and its children are ended. */
  limit: number
}

/** Resolves with `undefined` when the program succeeded, and otherwise with what went wrong and what it said last. */
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

  const last: string[] = []
  const show: Print = (line) => {
    options.print(line)
    if (line.trim() !== '') last.push(line)
    if (last.length > mostLines) last.shift()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (options.onLine?.(line) ?? true) show(line)
  })
  createInterface({ input: child.stderr }).on('line', show)
  try {
    const problem = await outcome(child, () =>
      timedOut ? `stopped after ${options.limit / 1000} s` : undefined,
    )
    return problem === undefined ? undefined : [problem, ...last].join('\n    ')
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
