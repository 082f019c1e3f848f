import { refuse } from './errors.js'
import { wholeNumber } from './numbers.js'

/** ipvsadm's 31 days: no timeout may be longer. */
export const MOST_SECONDS = 31 * 24 * 60 * 60

export function parseSeconds(text: string, minimum: number, maximum = MOST_SECONDS): number {
  return wholeNumber(text, minimum, maximum) ?? refuse(`invalid timeout value \`${text}' specified`)
}
