/** What of an entry is the element itself, and what only hangs on it. */
import { formatRead } from './format.js'
import type { Entry } from './types.js'

const NONE: Partial<Record<keyof Entry, undefined>> = {
  timeout: undefined,
  packets: undefined,
  bytes: undefined,
  comment: undefined,
  skbmark: undefined,
  skbprio: undefined,
  skbqueue: undefined,
  nomatch: undefined,
  wildcard: undefined,
}
const MOVING: Partial<Record<keyof Entry, undefined>> = {
  timeout: undefined,
  packets: undefined,
  bytes: undefined,
}

/** The element without all that hangs on it: one text for one element, and what a removal names. */
export function elementOf(entry: Entry): string {
  return formatRead({ ...entry, ...NONE } as Entry)
}

/** The entry without what changes by itself: time that passes, and traffic. */
export function lastingText(entry: Entry): string {
  return formatRead({ ...entry, ...MOVING } as Entry)
}
