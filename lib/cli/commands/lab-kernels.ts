/** `lab fetch-kernel`, `lab fetch-qemu` and `lab build-kernel`: long work that says where it stands. */
import { InvalidArgumentError as InvalidOptionError, type Command } from 'commander'
import { interruptible } from '../interrupt.js'
import { print, printJson, ProgressLine } from '../output.js'

export function registerKernelCommands(lab: Command): void {
  lab
    .command('fetch-kernel')
    .summary("fetch Debian's stock kernel for --backend qemu")
    .description(
      "Fetches Debian's newest stock kernel that this release offers into the cache folder. Nothing is installed, " +
        "and this machine's package lists stay as they are.",
    )
    .option('--json', 'print JSON')
    .action(fetchKernel)
  lab
    .command('fetch-qemu')
    .summary('fetch a QEMU that emulates processors side by side')
    .description(
      "Fetches Debian's newest QEMU for this release into the cache folder where the installed one is older than 8.1: " +
        'from then on guests with two processors are quicker. Nothing is installed, and the libraries are those of the ' +
        'installed one.',
    )
    .option('--json', 'print JSON')
    .action(fetchQemu)
  lab
    .command('build-kernel')
    .summary("build a User-Mode Linux kernel newer than Debian's")
    .description(
      "Builds a kernel from Debian's kernel source and the configuration that this package carries: faster than " +
        "Debian's, with nf_tables, BTF and every scheduler. Takes 15 to 30 minutes, 170 MB of download and 4 GB of " +
        'disk; may be interrupted and goes on where it stopped. The kernel is then what `lab` boots.',
    )
    .option('-j, --jobs <number>', 'compilers at a time (default: one a CPU)', jobsOf)
    .option('--json', 'print JSON')
    .action(buildKernel)
}

async function fetchKernel(flags: { json?: boolean }): Promise<void> {
  const { Lab } = await import('../../lab/index.js')
  const kernel = await withProgress((onProgress, signal) => Lab.fetchKernel({ onProgress, signal }))
  if (kernel === undefined) return
  if (flags.json === true) printJson(kernel)
  else print(`${kernel.release} is in ${kernel.folder}; try: ipvs-director lab --backend qemu -- uname -a`)
}

async function fetchQemu(flags: { json?: boolean }): Promise<void> {
  const { Lab } = await import('../../lab/index.js')
  const emulator = await withProgress((onProgress, signal) => Lab.fetchQemu({ onProgress, signal }))
  if (emulator === undefined) return
  if (flags.json === true) printJson(emulator)
  else print(`guests run on QEMU ${emulator.version}, ${emulator.program}`)
}

async function buildKernel(flags: { jobs?: number; json?: boolean }): Promise<void> {
  const { Lab } = await import('../../lab/index.js')
  const kernel = await withProgress((onProgress, signal) =>
    Lab.buildKernel({ onProgress, signal, jobs: flags.jobs }),
  )
  if (kernel === undefined) return
  if (flags.json === true) return printJson(kernel)
  print(`${kernel.file} (${kernel.cached ? 'built before' : 'built now'} from Debian's ${kernel.version})`)
  for (const setting of kernel.unknownSettings) print(`this version does not have ${setting}`)
}

async function withProgress<T>(
  work: (onProgress: (text: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const progress = new ProgressLine()
  try {
    return await interruptible((signal) => work((text) => progress.update(text), signal))
  } finally {
    progress.end()
  }
}

function jobsOf(text: string): number {
  const jobs = Number(text)
  if (!Number.isInteger(jobs) || jobs < 1) throw new InvalidOptionError('expected a whole number from 1')
  return jobs
}
