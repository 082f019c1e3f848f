/** The program as a tree of commands: parsing, help, the man page and shell completion all read this tree. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { packageFolder } from '../lab/package-folder.js'
import { commands } from './commands/index.js'
import { exitCodes } from './exit-codes.js'

export function buildProgram(): Command {
  const program = new Command('ipvs-director')
    .description('Program Linux Virtual Server (IPVS), IP sets and conntrack, and run kernels to try it on')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    // Options after a subcommand belong to the subcommand, those of a command to run belong to that command.
    .enablePositionalOptions()
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride()
  for (const register of commands) register(program)
  return program
}

/** Commander's own errors leave with its code 1; ours for wrong usage is 2, and help is no error. */
export function usageExitCode(commanderExitCode: number): number {
  return commanderExitCode === 0 ? exitCodes.ok : exitCodes.usage
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as {
    version: string
  }
  return manifest.version
}
