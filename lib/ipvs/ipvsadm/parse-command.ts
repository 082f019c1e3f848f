import { buildCommand, type Request } from './build-command.js'
import type { Command } from './command.js'
import { Draft } from './draft.js'
import { CommandLineError, refuse } from './errors.js'
import { type NamesToNumbers, noNames } from './names.js'
import { OptionReader } from './option-reader.js'
import { type CommandName, isCommand } from './option-table.js'
import { MOST_SECONDS, parseSeconds } from './seconds.js'
import { switches } from './switches.js'

/**
 * What the words after `ipvsadm` ask for; no words at all list the table.
 *
 * @throws CommandLineError in ipvsadm's own words
 */
export function parseCommand(
  words: readonly string[],
  names: NamesToNumbers = noNames,
  mostPersistenceSeconds = MOST_SECONDS,
): Command {
  if (words.length === 0) return parseCommand(['--list'], names)
  const reader = new OptionReader(words)
  const draft = new Draft(names, mostPersistenceSeconds)
  const command = readCommand(reader, draft)
  if (command === 'help' || command === 'version') return { operation: command }
  readSwitches(reader, draft)
  return buildCommand({ command, draft, timeouts: readOperands(reader, command) })
}

/** The command is the first of the options; only operands may stand before it. */
function readCommand(reader: OptionReader, draft: Draft): CommandName {
  const { option, argument } = firstOption(reader)
  if (!isCommand(option.name)) throw noCommand()
  if (option.name === 'start-daemon' || option.name === 'stop-daemon') {
    if (argument !== 'master' && argument !== 'backup') {
      refuse(
        `illegal ${option.name === 'start-daemon' ? 'start-daemon parameter' : 'start_daemon'} specified`,
      )
    }
    draft.daemon.state = argument
  }
  return option.name
}

function firstOption(reader: OptionReader): NonNullable<ReturnType<OptionReader['next']>> {
  try {
    const first = reader.next()
    if (first !== undefined) return first
  } catch (error) {
    // Whatever is wrong with the first option, ipvsadm only points to its help.
    if (!(error instanceof CommandLineError)) throw error
  }
  throw noCommand()
}

function noCommand(): CommandLineError {
  return new CommandLineError('no-command', 'the first option is not a command')
}

function readSwitches(reader: OptionReader, draft: Draft): void {
  for (let read = reader.next(); read !== undefined; read = reader.next()) {
    const { name } = read.option
    if (isCommand(name)) refuse(`invalid option \`${reader.lastWord}'`)
    switches[name](draft, read.argument as string)
  }
}

/** Only --set has operands: its three timeouts. */
function readOperands({ operands }: OptionReader, command: CommandName): Request['timeouts'] {
  const own = command === 'set' ? operands.slice(0, 3) : []
  if (command === 'set' && own.length < 3) refuse('--set option requires 3 timeout values')
  const timeouts = own.map((text) => parseSeconds(text, 0))
  const [unexpected] = operands.slice(own.length)
  if (unexpected !== undefined) refuse(`unexpected argument ${unexpected}`)
  return timeouts
}
