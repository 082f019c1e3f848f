import { InvalidArgumentError as InvalidOptionError } from 'commander'
import type { LabBackend } from '../../lab/index.js'
import { exitCodes } from '../exit-codes.js'
import { interruptible } from '../interrupt.js'
import { print, printJson, styled } from '../output.js'
import type { RegisterCommand } from './index.js'
import { registerExperimentCommands } from './lab-experiments.js'
import { registerKernelCommands } from './lab-kernels.js'

interface LabFlags {
  backend: LabBackend
  kernel?: string
  memory: string
  cpus?: number
  timeout?: number
  write?: boolean
  writable: string[]
  doctor?: boolean
  json?: boolean
}

export const registerLab: RegisterCommand = (program) => {
  const lab = program
    .command('lab')
    .summary('boot a kernel with IPVS and run a command in it')
    .description(
      'Boots a real Linux kernel with IPVS as an ordinary process, runs COMMAND in it (a shell if there is none) and ' +
        "returns what COMMAND returned. The host's files are visible; every change is thrown away, except in folders " +
        'opened with --write or --writable.',
    )
    .argument('[command...]', 'the command and its arguments, best after "--"')
    .option('-b, --backend <name>', "uml: User-Mode Linux; qemu: Debian's stock kernel, emulated", 'uml')
    .option(
      '-k, --kernel <file>',
      "kernel to boot, or 'debian' (default: $IPVS_DIRECTOR_LAB_KERNEL, the cache folder, Debian's user-mode-linux)",
    )
    .option('-m, --memory <size>', 'memory of the guest, such as 512M or 4G', '2G')
    .option('-c, --cpus <number>', 'CPUs of the guest (default: 1 in uml, 2 in qemu)', numberOf)
    .option('-t, --timeout <seconds>', 'kill the guest after so many seconds, boot included', numberOf)
    .option('-w, --write', 'let COMMAND change the current folder')
    .option('--writable <folder>', 'let COMMAND change this folder (repeatable)', append, [])
    .option('--doctor', 'say what this machine lacks for the lab, and do nothing else')
    .option('--json', 'with --doctor: print JSON')
    .passThroughOptions()
    .action(async (command: string[], flags: LabFlags) =>
      flags.doctor === true ? runDoctor(flags.json === true) : runLab(command, flags),
    )
  registerExperimentCommands(lab)
  registerKernelCommands(lab)
}

async function runLab(command: string[], flags: LabFlags): Promise<void> {
  const { Lab } = await import('../../lab/index.js')
  const result = await interruptible((signal) =>
    Lab.run(command.length > 0 ? command : ['/bin/bash'], {
      backend: flags.backend,
      kernel: flags.kernel,
      memory: flags.memory,
      cpus: flags.cpus,
      timeoutSeconds: flags.timeout,
      write: [...(flags.write === true ? ['.'] : []), ...flags.writable],
      stdin: 'inherit',
      stdout: 'inherit',
      stderr: 'inherit',
      signal,
    }),
  )
  if (result !== undefined) process.exitCode = result.exitCode
}

async function runDoctor(asJson: boolean): Promise<void> {
  const { Lab } = await import('../../lab/index.js')
  const report = Lab.doctor()
  process.exitCode = report.ready ? exitCodes.ok : exitCodes.missing
  if (asJson) return printJson(report)
  for (const { purpose, name, ok, detail } of report.checks) {
    const verdict = ok ? styled('green', 'ok     ') : styled('yellow', 'missing')
    print(`${verdict}  ${purpose.padEnd(5)}  ${name.padEnd(20)}  ${detail}`)
  }
  print(report.ready ? 'The lab can run here.' : 'The lab cannot run here yet.')
  if (report.command !== undefined) print(`To install what is missing: ${report.command}`)
}

function numberOf(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidOptionError('expected a number')
  return value
}

function append(folder: string, previous: string[]): string[] {
  return [...previous, folder]
}
