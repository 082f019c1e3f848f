import { type BatchedOperation, isBatched } from '../../ipvs/ipvsadm/apply.js'
import { CommandLineError } from '../../ipvs/ipvsadm/errors.js'
import { parseCommand } from '../../ipvs/ipvsadm/parse-command.js'
import { splitLines } from '../../ipvs/ipvsadm/restore-lines.js'
import { exitCodes, type Session } from './context.js'
import { performBatched } from './perform.js'
import { complain, executeCommand, type SingleCommand } from './execute.js'

/**
 * `-R`: each line of standard input is a command line. The lines are carried out as if one by one, but neighbours that
 * change services and servers go to the kernel together. Lines that the kernel refuses, or with an unknown option, are
 * passed over; any other mistake ends the run. The exit code is that of the last line.
 */
export async function restoreTable(session: Session): Promise<number> {
  const pending: BatchedOperation[] = []
  const settle = (): Promise<number> => performBatched(pending.splice(0), session)
  let code: number = exitCodes.done
  for (const { words } of splitLines(await readAll(session.stdin))) {
    const command = await parse(words, session)
    if (!(command instanceof CommandLineError) && isBatched(command)) {
      pending.push(command)
      continue
    }
    await settle()
    if (command instanceof CommandLineError) {
      code = complain(command, session)
      if (command.kind !== 'bad-option') return code
    } else {
      code = await executeCommand(command, session)
      if (command.operation === 'help' || command.operation === 'version') return code
    }
  }
  return pending.length > 0 ? settle() : code
}

/** A mistake is a value here: the lines before it come first. */
async function parse(
  words: readonly string[],
  { names }: Session,
): Promise<SingleCommand | CommandLineError> {
  try {
    const command = await names.resolving((known) => parseCommand(words, known))
    return command.operation === 'restore' ? new CommandLineError('no-command', '-R within -R') : command
  } catch (error) {
    if (error instanceof CommandLineError) return error
    throw error
  }
}

async function readAll(stream: Session['stdin']): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
