import { interruptible } from '../interrupt.js'
import type { RegisterCommand } from './index.js'

export const registerIpset: RegisterCommand = (program) => {
  program
    .command('ipset')
    .summary("speak ipset's command line, through libipset")
    .description(
      'Does what the ipset tool of the installed libipset does with the same words: the same text, the same exit ' +
        'codes. `ipvs-director ipset help` prints its help. Exit codes are those of ipset: 0 done, 1 refused, 2 wrong usage.',
    )
    .argument('[word...]', "ipset's options and command")
    // Every word after `ipset` is ipset's, also -h and --version.
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(runIpsetCommand)
}

async function runIpsetCommand(words: string[]): Promise<void> {
  const { runIpset } = await import('../../ipset/run-ipset.js')
  const exitCode = await interruptible((signal) =>
    runIpset(words, { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal }),
  )
  if (exitCode !== undefined) process.exitCode = exitCode
}
