/** `lab experiments` and `lab experiment`: the experiments that the package brings, and those of one's own. */
import { dirname, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { Experiment, ExperimentReport, LabBackend, NarrationLanguage } from '../../lab/index.js'
import { InvalidArgumentError } from '../../errors.js'
import { exitCodes } from '../exit-codes.js'
import { ExperimentPrinter } from '../experiment-printer.js'
import { interruptible } from '../interrupt.js'
import { print, printJson } from '../output.js'

interface ListFlags {
  lang: NarrationLanguage
  json?: boolean
}

interface RunFlags extends ListFlags {
  all?: boolean
  pcap?: string
  explain?: boolean
  kernel?: string
  backend: LabBackend
}

export function registerExperimentCommands(lab: Command): void {
  lab
    .command('experiments')
    .summary('list the experiments')
    .description('Lists the experiments that this package brings, in the order in which to read them.')
    .addOption(languageOption())
    .option('--json', 'print JSON: an array of { name, seed, title }')
    .action(list)
  lab
    .command('experiment')
    .summary('run experiments, with traffic')
    .description(
      'Boots a guest and runs experiments in it: each lays out a network, changes the kernel step by step, and checks ' +
        'by traffic what it claims. NAME is one of `lab experiments`, or a file whose default export is an experiment. ' +
        'Inside a guest it runs there. Returns 1 if a claim did not hold.',
    )
    .argument('[name...]', 'experiments to run')
    .option('-a, --all', 'run every experiment of the package')
    .option('-e, --explain', 'say why the kernel did that, below each claim that has a reason')
    .option('--pcap <file>', 'write what the real servers saw to this file (one experiment only)')
    .addOption(languageOption())
    .option('--json', 'print a report as JSON')
    .addOption(new Option('-b, --backend <name>', 'as for `lab`').choices(['uml', 'qemu']).default('uml'))
    .option('-k, --kernel <file>', 'kernel to boot, as for `lab`')
    .action(run)
}

function languageOption(): Option {
  return new Option('--lang <language>', 'language of the narration').choices(['en', 'zh']).default('en')
}

async function list({ lang, json }: ListFlags): Promise<void> {
  const { listExperiments } = await import('../../lab/index.js')
  const rows = (await listExperiments()).map(({ name, seed, title }) => ({ name, seed, title: title[lang] }))
  if (json === true) return printJson(rows)
  const width = Math.max(...rows.map(({ name }) => name.length))
  for (const { name, seed, title } of rows) print(`${seed}  ${name.padEnd(width)}  ${title}`)
}

async function run(names: string[], flags: RunFlags): Promise<void> {
  const { findExperiment, Lab, listExperiments } = await import('../../lab/index.js')
  const experiments =
    flags.all === true
      ? await listExperiments()
      : await Promise.all(names.map((name) => findExperiment(name)))
  if (experiments.length === 0) throw new InvalidArgumentError('name', names, 'a name, or --all')
  checkRecording(experiments, flags.pcap)
  process.exitCode = Lab.inside() ? await runHere(experiments, flags) : await runInGuest(names, flags)
}

function checkRecording([first, ...others]: readonly Experiment[], pcap: string | undefined): void {
  if (pcap === undefined) return
  if (others.length > 0) throw new InvalidArgumentError('--pcap', pcap, 'a file for one experiment')
  if ((first?.record ?? []).length === 0)
    throw new InvalidArgumentError('--pcap', pcap, 'an experiment that records a link')
}

async function runHere(experiments: readonly Experiment[], flags: RunFlags): Promise<number> {
  const { runExperiment, succeeded } = await import('../../lab/index.js')
  const reports: ExperimentReport[] = []
  for (const experiment of experiments) {
    const printer = new ExperimentPrinter(flags.lang, flags.explain === true)
    if (flags.json !== true) printer.begin(experiment)
    const report = await runExperiment(experiment, {
      pcap: flags.pcap,
      onEvent: (event) => flags.json !== true && printer.event(event),
    })
    if (flags.json !== true) printer.end(report)
    reports.push(report)
  }
  if (flags.json === true) printJson(reports.map(asJson))
  return reports.every(succeeded) ? exitCodes.ok : exitCodes.failed
}

/** The same command, inside: what it prints and returns is what this one does. */
async function runInGuest(names: readonly string[], flags: RunFlags): Promise<number> {
  const { Lab } = await import('../../lab/index.js')
  const { all, explain, json, lang, pcap, backend, kernel } = flags
  const words = [
    ...(all === true ? ['--all'] : []),
    ...(explain === true ? ['--explain'] : []),
    ...(json === true ? ['--json'] : []),
    ...(pcap === undefined ? [] : ['--pcap', resolve(pcap)]),
    ...['--lang', lang, '--', ...names],
  ]
  const result = await interruptible((signal) =>
    Lab.run([process.execPath, process.argv[1] ?? '', 'lab', 'experiment', ...words], {
      backend,
      kernel,
      write: pcap === undefined ? [] : [dirname(resolve(pcap))],
      stdin: 'inherit',
      stdout: 'inherit',
      stderr: 'inherit',
      signal,
    }),
  )
  return result?.exitCode ?? exitCodes.interrupted
}

function asJson({ error, ...report }: ExperimentReport): object {
  return { ...report, ...(error && { error: error.message }) }
}
