/** The program's commands, flat and in order: what completion and the man page are written from. */
import type { Command, Option } from 'commander'

export interface CommandNode {
  /** Words that lead to it, without the program's name: `['lab', 'fetch-kernel']`. */
  readonly path: readonly string[]
  readonly command: Command
  readonly options: readonly Option[]
  readonly subcommands: readonly string[]
}

/** The program itself first, each command before those below it. */
export function commandTree(program: Command): CommandNode[] {
  return nodesBelow(program, [])
}

function nodesBelow(command: Command, path: readonly string[]): CommandNode[] {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command)
  const node: CommandNode = {
    path,
    command,
    options: help.visibleOptions(command),
    subcommands: subcommands.map((child) => child.name()),
  }
  return [node, ...subcommands.flatMap((child) => nodesBelow(child, [...path, child.name()]))]
}

/** The flags of an option as they are typed: `['-k', '--kernel']`. */
export function flagsOf(option: Option): string[] {
  return [option.short, option.long].filter((flag) => flag !== undefined)
}

/** True if a word of its own follows the flag. */
export function takesValue(option: Option): boolean {
  return option.required
}
