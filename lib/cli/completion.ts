/** Shell completion, written from the command table. */
import type { Command, Option } from 'commander'
import { commandTree, flagsOf, takesValue, type CommandNode } from './command-tree.js'

export type Shell = 'bash' | 'zsh' | 'fish'

export function completionScript(shell: Shell, program: Command): string {
  const nodes = commandTree(program)
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](program.name(), nodes)
}

/** Bash: the words so far choose the list; an option that takes a value, and anything unknown, completes to a file. */
function bashScript(name: string, nodes: readonly CommandNode[]): string {
  const functionName = `_${name.replaceAll('-', '_')}`
  return `# bash completion for ${name}; load with: source <(${name} completion bash)
${functionName}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} place= words= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$place \${COMP_WORDS[index]}" in
${placeCases(nodes)}
    esac
  done
  case "$place" in
${nodes.map((node) => `    '${placeOf(node)}') words='${wordsOf(node).join(' ')}' ;;`).join('\n')}
  esac
  case "$previous" in
    ${valueFlags(nodes).join('|')}) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${functionName} ${name}
`
}

/** A place is the path of a command, each word behind a blank; words that lead nowhere leave it as it is. */
function placeCases(nodes: readonly CommandNode[]): string {
  return nodes
    .filter(({ path }) => path.length > 0)
    .map((node) => `      '${placeOf(node)}') place='${placeOf(node)}' ;;`)
    .join('\n')
}

function placeOf({ path }: CommandNode): string {
  return path.map((word) => ` ${word}`).join('')
}

function wordsOf(node: CommandNode): string[] {
  return [...node.subcommands, ...argumentChoices(node), ...node.options.flatMap(flagsOf)]
}

function argumentChoices({ command }: CommandNode): string[] {
  return command.registeredArguments.flatMap((argument) => argument.argChoices ?? [])
}

function valueFlags(nodes: readonly CommandNode[]): string[] {
  return [...new Set(nodes.flatMap(({ options }) => options.filter(takesValue).flatMap(flagsOf)))]
}

/** zsh runs completions written for bash, and then needs no table of its own. */
function zshScript(name: string, nodes: readonly CommandNode[]): string {
  return `#compdef ${name}
# zsh completion for ${name}; load with: source <(${name} completion zsh)
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashScript(name, nodes)}`
}

function fishScript(name: string, nodes: readonly CommandNode[]): string {
  const lines = nodes.flatMap((node) =>
    [
      ...nodes.filter((child) => isChild(child, node)).map(fishCommand),
      ...argumentChoices(node).map((choice) => `-f -a ${choice}`),
      ...node.options.map(fishOption),
    ].map((what) => `complete -c ${name} -n ${quoted(fishCondition(node))} ${what}\n`),
  )
  return `# fish completion for ${name}; load with: ${name} completion fish | source\n${lines.join('')}`
}

function isChild(child: CommandNode, parent: CommandNode): boolean {
  return child.path.length > 0 && child.path.slice(0, -1).join(' ') === parent.path.join(' ')
}

function fishCommand({ path, command }: CommandNode): string {
  return `-f -a ${path.at(-1)} -d ${quoted(command.summary() || command.description())}`
}

function fishOption(option: Option): string {
  const short = option.short === undefined ? '' : `-s ${option.short.slice(1)} `
  const long = option.long === undefined ? '' : `-l ${option.long.slice(2)} `
  return `${short}${long}${takesValue(option) ? '-r ' : ''}-d ${quoted(option.description)}`
}

/** The command is the last one that the line names. */
function fishCondition({ path, subcommands }: CommandNode): string {
  if (path.length === 0) return '__fish_use_subcommand'
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
  const deeper =
    subcommands.length === 0 ? '' : `; and not __fish_seen_subcommand_from ${subcommands.join(' ')}`
  return `${seen}${deeper}`
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
