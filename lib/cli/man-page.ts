/** The man page, written from the command table. Format: man(7). */
import type { Command, Option } from 'commander'
import { commandTree, type CommandNode } from './command-tree.js'
import { exitCodeMeanings } from './exit-codes.js'

/** Variables that more than one command reads. */
const environment: Readonly<Record<string, string>> = {
  IPVS_DIRECTOR_LAB_KERNEL: 'The User-Mode Linux kernel that lab boots where no option names one.',
  XDG_CACHE_HOME: 'Kernels are kept in ipvs-director/kernels below it; by default below ~/.cache.',
  NO_COLOR: 'Not empty: no colour.',
}

export function manPage(program: Command): string {
  const [root, ...nodes] = commandTree(program)
  return [
    `.TH ${program.name().toUpperCase()} 1 "" "${program.name()} ${program.version() ?? ''}"`,
    '.SH NAME',
    `${roff(program.name())} \\- ${roff(program.description())}`,
    '.SH SYNOPSIS',
    ...nodes.map((node) => `.B ${roff(synopsis(program, node))}\n.br`),
    '.SH OPTIONS',
    ...(root?.options ?? []).map(optionEntry),
    '.SH COMMANDS',
    ...nodes.flatMap((node) => commandEntry(program, node)),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodeMeanings).map(([code, meaning]) => entry(code, meaning)),
    '.SH ENVIRONMENT',
    ...Object.entries(environment).map(([name, meaning]) => entry(name, meaning)),
    '',
  ].join('\n')
}

function commandEntry(program: Command, { command, path, options }: CommandNode): string[] {
  const args = command.registeredArguments.filter(({ description }) => description !== '')
  return [
    `.SS ${roff([program.name(), ...path].join(' '))}`,
    roff(command.description()),
    ...args.map((argument) => entry(argument.name(), argument.description)),
    ...options.map(optionEntry),
  ]
}

function synopsis(program: Command, { command, path }: CommandNode): string {
  return [program.name(), ...path, command.usage()].join(' ')
}

function optionEntry(option: Option): string {
  return entry(option.flags, option.description)
}

function entry(term: string, text: string): string {
  return `.TP\n.B ${roff(term)}\n${roff(text)}`
}

/** Text as roff takes it: hyphens that can be copied, and no line that reads as a request. */
function roff(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1')
}
