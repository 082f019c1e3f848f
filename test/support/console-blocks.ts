/** What a page of the documentation says that commands print: its blocks marked `console`. */

export interface ShownCommand {
  /** As it stands behind `$ `. */
  readonly command: string
  /** The lines that the page shows. One that is `…` stands for any number of lines, and within a line for any text. */
  readonly output: readonly string[]
}

export function shownCommands(page: string): ShownCommand[] {
  const blocks = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '')
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...output] = text.trimEnd().split('\n')
        return { command, output }
      }),
  )
}

/** The first shown line that is not printed where it should be; undefined if all are. */
export function missingLine(shown: readonly string[], printed: readonly string[]): string | undefined {
  let at = 0
  let anywhere = false
  for (const line of shown) {
    if (line === '…') {
      anywhere = true
      continue
    }
    const pattern = patternOf(line)
    const found = printed.findIndex((text, index) => index >= at && pattern.test(varying(text)))
    if (found < 0 || (!anywhere && found !== at)) return line
    at = found + 1
    anywhere = false
  }
  const ended = anywhere || printed.slice(at).every((line) => line.trim() === '')
  return ended ? undefined : `(the end; but there is more: ${printed[at]})`
}

function patternOf(line: string): RegExp {
  const literal = varying(line).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('…', '.*')}$`)
}

/** What no two runs have in common: ephemeral ports, durations, sizes of tables, acknowledgements, and how far a connection has been closed. */
function varying(line: string): string {
  return line
    .trimEnd()
    .replace(/:\d{5}\b/g, ':PORT')
    .replace(/\b\d+\.\d s\b/g, 'N s')
    .replace(/… \d+ more$/, '… N more')
    .replace(/\(size=\d+\)/, '(size=N)')
    .replace(/^( {2}-> .* (?:Masq|Route|Tunnel) +\d+ +)\d+ +\d+$/, '$1N N')
}
