#!/usr/bin/env node
/** The program `ipvs-director`. */
import { CommanderError } from 'commander'
import { exitCodeFor } from './exit-codes.js'
import { printError } from './output.js'
import { buildProgram, usageExitCode } from './program.js'

async function main(): Promise<void> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
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
