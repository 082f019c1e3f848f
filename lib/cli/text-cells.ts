/** Text on a terminal, where Chinese characters and their punctuation take two cells. */

// The ranges that Unicode's EastAsianWidth.txt has as W or F, as far as they are letters and punctuation.
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/

/** Number of cells that the text takes. */
export function cells(text: string): number {
  return [...text].reduce((sum, letter) => sum + (wide.test(letter) ? 2 : 1), 0)
}

/** Lines of at most so many cells: broken at spaces, and at any wide letter that may begin a line. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const piece of text.match(pieces) ?? []) {
    if (line !== '' && cells(line + piece.trimEnd()) > most) {
      lines.push(line.trimEnd())
      line = ''
    }
    line += piece
  }
  return [...lines, line.trimEnd()]
}

/** A Chinese letter with the punctuation that must not begin a line, or a word with the spaces behind it. */
const pieces = /\p{Script=Han}[，。、；：！？）」”]*|[^\s\p{Script=Han}]+\s*|\s+/gu
