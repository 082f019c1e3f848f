import { CommandLineError } from './errors.js'
import { type Option, longOption, shortOption } from './option-table.js'

export interface ReadOption {
  readonly option: Option
  /** Absent where the option takes none, or an optional one was left out. */
  readonly argument?: string
}

/**
 * Takes the words of a command line apart as popt(3) does: `--name`, `--name=value`, `--name value`, `-t value`,
 * `-tvalue`, `-t=value`, several letters in one word, operands anywhere, everything an operand after `--`.
 * A required argument may begin with a dash, an optional one may not.
 */
export class OptionReader {
  /** Words that are neither options nor their arguments. */
  readonly operands: string[] = []
  readonly #words: readonly string[]
  #position = 0
  /** What is left of a word of short options. */
  #letters = ''

  constructor(words: readonly string[]) {
    this.#words = words
  }

  /** The word read last: the one that messages about an option quote, be it the option's or its argument's. */
  get lastWord(): string {
    return this.#words[this.#position - 1] ?? ''
  }

  next(): ReadOption | undefined {
    if (this.#letters !== '') return this.#nextShort()
    for (;;) {
      const word = this.#words[this.#position]
      if (word === undefined) return undefined
      this.#position++
      if (word === '--') return this.#takeOperands()
      if (word.startsWith('--')) return this.#long(word.slice(2))
      if (word.startsWith('-') && word.length > 1) {
        this.#letters = word.slice(1)
        return this.#nextShort()
      }
      this.operands.push(word)
    }
  }

  #takeOperands(): undefined {
    this.operands.push(...this.#words.slice(this.#position))
    this.#position = this.#words.length
  }

  #long(text: string): ReadOption {
    const equals = text.indexOf('=')
    if (equals === -1) return this.#complete(longOption(text))
    return this.#complete(longOption(text.slice(0, equals)), text.slice(equals + 1))
  }

  #nextShort(): ReadOption {
    const letter = this.#letters.charAt(0)
    const rest = this.#letters.slice(1)
    const option = shortOption(letter)
    const attached =
      rest.startsWith('=') || (rest !== '' && option !== undefined && option.argument !== 'none')
    this.#letters = attached ? '' : rest
    return this.#complete(option, attached ? rest.replace(/^=/, '') : undefined)
  }

  #complete(option: Option | undefined, attached?: string): ReadOption {
    if (option === undefined) throw this.#error('unknown option')
    if (option.argument === 'none') {
      if (attached !== undefined) throw this.#error('option does not take an argument')
      return { option }
    }
    const argument = attached ?? this.#followingWord(option)
    return argument === undefined ? { option } : { option, argument }
  }

  #followingWord(option: Option): string | undefined {
    const word = this.#words[this.#position]
    if (option.argument === 'optional' && (word === undefined || word.startsWith('-'))) return undefined
    if (word === undefined) throw this.#error('missing argument')
    this.#position++
    return word
  }

  #error(problem: string): CommandLineError {
    return new CommandLineError('bad-option', `${this.lastWord}: ${problem}`)
  }
}
