import type { Command } from '../../ipvs/ipvsadm/command.js'
import type { CommandLineError } from '../../ipvs/ipvsadm/errors.js'
import { exitCodes, type Session } from './context.js'
import { helpText, versionText } from './help.js'
import { perform } from './perform.js'
import { show } from './show.js'

/** Everything but -R, which is made of these. */
export type SingleCommand = Exclude<Command, { operation: 'restore' }>

export async function executeCommand(command: SingleCommand, session: Session): Promise<number> {
  switch (command.operation) {
    case 'help':
      session.stdout.write(helpText(session.program))
      return exitCodes.done
    case 'version':
      session.stdout.write(versionText())
      return exitCodes.done
    case 'listTable':
    case 'listConnections':
    case 'listTimeouts':
    case 'listDaemons':
    case 'save':
      return show(command, session)
    default:
      return perform(command, session)
  }
}

/** Prints why a command line is not carried out. */
export function complain(error: CommandLineError, { program, stderr }: Session): number {
  const help = `Try \`${program} -h' or '${program} --help' for more information.`
  stderr.write(`${error.kind === 'no-command' ? help : error.message}\n`)
  return error.kind === 'refused' ? exitCodes.refused : exitCodes.failed
}
