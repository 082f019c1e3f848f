import type { RegisterCommand } from './index.js'

export const registerIpvsadm: RegisterCommand = (program) => {
  program
    .command('ipvsadm')
    .summary('the command line of ipvsadm(8), spoken by this program')
    .description(
      'Takes every option of ipvsadm 1.31 and prints what it prints, with the same exit codes; -R sends its lines ' +
        'to the kernel together. See docs/ipvsadm.md for the few differences.',
    )
    .argument('[words...]', "ipvsadm's options: -h lists them")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(run)
}

async function run(words: string[]): Promise<void> {
  const [{ openKernel }, { runIpvsadm }] = await Promise.all([
    import('../../kernel.js'),
    import('../ipvsadm/run.js'),
  ])
  const kernel = await openKernel()
  try {
    process.exitCode = await runIpvsadm(words, {
      kernel,
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      program: 'ipvs-director ipvsadm',
    })
  } finally {
    await kernel.close()
  }
}
