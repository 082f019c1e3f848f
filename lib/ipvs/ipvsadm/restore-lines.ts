export interface RestoreLine {
  /** From 1. */
  readonly line: number
  /** Never empty. */
  readonly words: readonly string[]
  readonly text: string
}

/**
 * The lines of a saved table that have words in them. Words are set apart by blanks, tabs and carriage returns;
 * there are no quotes. The word `ipvsadm` counts for nothing, wherever it stands.
 */
export function* splitLines(text: string): Generator<RestoreLine> {
  let line = 0
  for (let start = 0; start < text.length;) {
    const lineFeed = text.indexOf('\n', start)
    const end = lineFeed === -1 ? text.length : lineFeed
    const content = text.slice(start, end)
    const words = content.split(/[ \t\r]+/).filter((word) => word !== '' && word !== 'ipvsadm')
    line++
    if (words.length > 0) yield { line, words, text: content }
    start = end + 1
  }
}
