import { refuse } from './errors.js'
import { wholeNumber } from './numbers.js'

/** 31 days: no timeout may be longer. */
const maximumSeconds = 31 * 24 * 60 * 60

export function parseSeconds(text: string, minimum: number): number {
  return wholeNumber(text, minimum, maximumSeconds) ?? refuse(`invalid timeout value \`${text}' specified`)
}
