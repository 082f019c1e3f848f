/**
 * Runs a program to its end. The addon does: Node.js forks on the event loop's thread, and copies the page tables of a process
 * that holds a large plan, which takes long enough to be felt (ADR 0020).
 */
import { env } from 'node:process'
import { native, translate } from '../native.js'

export interface Finished {
  /** 128 + n where signal n ended it. */
  readonly code: number
  readonly output: string
  readonly errors: string
}

export interface RunOptions {
  /** Path of a network namespace. @default the caller's own */
  readonly netns?: string | undefined
  /** What the program reads. @default nothing */
  readonly input?: string | undefined
}

/**
 * By argument vector, the program first, never through a shell; with this process's environment. `undefined`: there is no
 * such program. @throws NetlinkError `EACCES` (it may not be run), `EPERM` (the namespace may not be entered), `ENOENT` (there is
 * no such namespace) …
 */
export async function runToEnd(
  words: readonly string[],
  { netns, input = '' }: RunOptions = {},
): Promise<Finished | undefined> {
  const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  try {
    return (await native().programs.run(netns, words, environment, input)) ?? undefined
  } catch (error) {
    throw translate(error)
  }
}
