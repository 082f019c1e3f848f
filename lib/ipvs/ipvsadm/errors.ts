import { DirectorError, nameErrors } from '../../errors.js'

/**
 * A command line that ipvsadm would not carry out. The messages are ipvsadm's own, since programs read them.
 *
 * - `no-command`: it does not begin with a command; ends a restore, exit code 255
 * - `bad-option`: an unknown option, or one without its argument; a restore goes on after it, exit code 255
 * - `refused`: the options are known but their values or their combination are not valid; ends a restore, exit code 2
 */
export class CommandLineError extends DirectorError {
  readonly kind: 'no-command' | 'bad-option' | 'refused'

  constructor(kind: CommandLineError['kind'], message: string) {
    super(message, { code: 'ERR_COMMAND_LINE' })
    this.kind = kind
  }
}

/** A line of a saved table that cannot be restored. `code` is `'ERR_RESTORE_LINE'`; `cause` says what is wrong with it. */
export class RestoreLineError extends DirectorError {
  /** From 1. */
  readonly line: number
  readonly text: string

  constructor(line: number, text: string, reason: string, cause?: unknown) {
    super(`line ${line}: ${reason}: ${text.trim()}`, {
      code: 'ERR_RESTORE_LINE',
      operation: 'restore',
      cause,
    })
    this.line = line
    this.text = text
  }
}
nameErrors(CommandLineError, RestoreLineError)

export function refuse(message: string): never {
  throw new CommandLineError('refused', message)
}
