import { Argument } from 'commander'
import type { RegisterCommand } from './index.js'

export const registerCompletion: RegisterCommand = (program) => {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that completes commands and options in bash, zsh or fish.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../completion.js')
      process.stdout.write(completionScript(shell, program))
    })
}
