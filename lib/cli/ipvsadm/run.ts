import { CommandLineError } from '../../ipvs/ipvsadm/errors.js'
import { parseCommand } from '../../ipvs/ipvsadm/parse-command.js'
import type { IpvsadmContext, Session } from './context.js'
import { complain, executeCommand } from './execute.js'
import { restoreTable } from './restore.js'
import { SystemNames } from './system-names.js'

/**
 * Does what `ipvsadm WORDS…` does and resolves to its exit code. What ipvsadm would print goes to the context's
 * streams. Rejects only where there is no IPVS to talk to.
 */
export async function runIpvsadm(words: readonly string[], context: IpvsadmContext): Promise<number> {
  const session: Session = { program: 'ipvsadm', ...context, names: new SystemNames() }
  try {
    const command = await session.names.resolving((names) => parseCommand(words, names))
    return command.operation === 'restore'
      ? await restoreTable(session)
      : await executeCommand(command, session)
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error
    return complain(error, session)
  }
}
