/** What the program returns; the man page prints this table. */
import { AbortError, DirectorError, InvalidArgumentError, UnsupportedFeatureError } from '../errors.js'

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  missing: 3,
  bug: 70,
  timeout: 124,
  lab: 125,
  interrupted: 130,
  terminated: 143,
} as const

export const exitCodeMeanings: Readonly<Record<number, string>> = {
  [exitCodes.ok]: 'Done.',
  [exitCodes.failed]: 'The kernel or the system refused; the message says what and why.',
  [exitCodes.usage]: 'The command line or an input is not as described.',
  [exitCodes.missing]: 'The kernel, a program or a privilege is missing; the message says how to get it.',
  [exitCodes.bug]: 'A fault of this program.',
  [exitCodes.timeout]: 'lab: the command was not done in time.',
  [exitCodes.lab]:
    'lab: the guest could not be started, or died. Any other code of `lab` is that of its command.',
  [exitCodes.interrupted]: 'Interrupted from the keyboard.',
  [exitCodes.terminated]: 'Terminated by a signal.',
}

export function exitCodeFor(error: unknown): number {
  if (error instanceof InvalidArgumentError) return exitCodes.usage
  if (error instanceof UnsupportedFeatureError) return exitCodes.missing
  if (error instanceof AbortError) return exitCodes.interrupted
  if (!DirectorError.is(error)) return exitCodes.bug
  if (error.code === 'ERR_ADDON_LOAD') return exitCodes.missing
  if (error.code === 'ERR_LAB_TIMEOUT') return exitCodes.timeout
  return error.code.startsWith('ERR_LAB_') ? exitCodes.lab : exitCodes.failed
}
