/** What can go wrong with a guest before and while it runs a command. */
import { DirectorError, nameErrors, type DirectorErrorDetails } from '../errors.js'

export type LabErrorCode =
  /** No kernel to boot was found; `tried` lists the places. */
  | 'ERR_LAB_KERNEL_MISSING'
  /** A program that the lab runs is not installed. */
  | 'ERR_LAB_PROGRAM_MISSING'
  /** The kernel ended before the command started; `kernelLog` holds its last words. */
  | 'ERR_LAB_BOOT'
  /** The kernel ended while the command ran. */
  | 'ERR_LAB_DIED'
  /** The command was not done after `timeoutSeconds`; the guest was killed. */
  | 'ERR_LAB_TIMEOUT'
  /** A guest cannot start a guest. */
  | 'ERR_LAB_NESTED'
  /** A package could not be fetched from Debian. */
  | 'ERR_LAB_FETCH'
  /** A kernel could not be built. */
  | 'ERR_LAB_BUILD'
  /** Namespaces, links or addresses of a topology were refused; the message has the program's own words. */
  | 'ERR_LAB_TOPOLOGY'
  /** A request inside a topology got no (valid) answer in time. */
  | 'ERR_LAB_REQUEST'

export interface LabErrorDetails extends Omit<DirectorErrorDetails, 'code'> {
  code: LabErrorCode
  /** What to do next, one sentence. */
  remedy?: string | undefined
  /** Places that were looked at, in order. */
  tried?: readonly string[] | undefined
  /** The end of the guest kernel's log. */
  kernelLog?: string | undefined
  /** What the command had written until then (collected streams only). */
  stdout?: string | undefined
  stderr?: string | undefined
}

/** The lab could not do its part. An exit code other than 0 of the command is a result and not an error. */
export class LabError extends DirectorError {
  declare readonly code: LabErrorCode
  readonly remedy: string | undefined
  readonly tried: readonly string[]
  readonly kernelLog: string | undefined
  readonly stdout: string | undefined
  readonly stderr: string | undefined

  constructor(reason: string, details: LabErrorDetails) {
    super(whole(reason, details), details)
    this.remedy = details.remedy
    this.tried = details.tried ?? []
    this.kernelLog = details.kernelLog
    this.stdout = details.stdout
    this.stderr = details.stderr
  }
}

nameErrors(LabError)

/** What is wrong, the places that were tried and not named by then, and what to do next. */
function whole(reason: string, { tried = [], remedy }: LabErrorDetails): string {
  const others = tried.filter((place) => !reason.includes(place))
  const places = others.length === 0 ? '' : ` (tried ${others.join(', ')})`
  return `${reason}${places}${remedy === undefined ? '' : `; ${remedy}`}`
}
