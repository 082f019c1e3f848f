#!/usr/bin/env node
/** The program `ipvs-director`. */
import { CommanderError } from 'commander'
import { DirectorError } from '../errors.js'
import { exitCodeFor, exitCodes } from './exit-codes.js'
import { printError } from './output.js'
import { buildProgram, usageExitCode } from './program.js'

async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no error.
    if (error.code === 'EPIPE') process.exit()
    printError(new DirectorError(`standard output: ${error.message}`, { code: error.code ?? 'EIO' }))
    process.exit(exitCodes.failed)
  })
  try {
    await buildProgram().parseAsync(process.argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = usageExitCode(error.exitCode)
      return
    }
    printError(error)
    process.exitCode = exitCodeFor(error)
  }
}

void main()
