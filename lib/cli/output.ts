/** How commands print: results on standard output, progress and errors on standard error. */
import { inspect } from 'node:util'
import { DirectorError } from '../errors.js'

type Stream = NodeJS.WriteStream

/** JSON with 64-bit counters as decimal strings: they do not fit JSON's numbers. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item),
    2,
  )
  process.stdout.write(`${text}\n`)
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

const styles = { bold: 1, red: 31, green: 32, yellow: 33 } as const

/** Coloured on a terminal, unless NO_COLOR is set. */
export function styled(style: keyof typeof styles, text: string, stream: Stream = process.stdout): string {
  const noColour = process.env['NO_COLOR']
  if (!stream.isTTY || (noColour !== undefined && noColour !== '')) return text
  return `\u001b[${styles[style]}m${text}\u001b[0m`
}

/** One line that says how far long work is, rewritten in place; nothing where standard error is no terminal. */
export class ProgressLine {
  private shown = false

  update(text: string): void {
    if (!process.stderr.isTTY) return
    process.stderr.write(`\r\u001b[K${text.slice(0, process.stderr.columns - 1)}`)
    this.shown = true
  }

  end(): void {
    if (this.shown) process.stderr.write('\r\u001b[K')
    this.shown = false
  }
}

/** The error in one line; a fault of our own with its stack. */
export function printError(error: unknown): void {
  const text = DirectorError.is(error) ? error.message.replaceAll('\n', ' ') : inspect(error)
  process.stderr.write(`${styled('red', 'ipvs-director:', process.stderr)} ${text}\n`)
}
