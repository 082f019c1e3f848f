import { interruptible } from '../interrupt.js'
import type { RegisterCommand } from './index.js'

export const registerIpset: RegisterCommand = (program) => {
  const command = program
    .command('ipset')
    .summary("speak ipset's command line, through libipset")
    .description(
      'Does what the ipset tool of the installed libipset does with the same words: the same text, the same exit ' +
        'codes. `ipvs-director ipset help` prints its help. Exit codes are those of ipset: 0 done, 1 refused, 2 wrong usage, 255 a ' +
        'file that cannot be read; and 3 where libipset is missing.',
    )
    .argument('[word...]', "ipset's options and command")
    .helpOption(false)
    .action(runIpsetCommand)
  // Every word after `ipset` is ipset's, also -h, --version and --.
  command.parseOptions = (words) => ({ operands: [...words], unknown: [] })
}

async function runIpsetCommand(words: string[]): Promise<void> {
  const { runIpset } = await import('../../ipset/run-ipset.js')
  const exitCode = await interruptible((signal) =>
    runIpset(words, { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal }),
  )
  if (exitCode !== undefined) process.exitCode = exitCode
}
