import type { RegisterCommand } from './index.js'

export const registerMan: RegisterCommand = (program) => {
  program
    .command('man')
    .summary('print the man page')
    .description('Prints the man page of the program; to read it: ipvs-director man | man -l -')
    .action(async () => {
      const { manPage } = await import('../man-page.js')
      process.stdout.write(manPage(program))
    })
}
