/**
 * Numbers and addresses as the C library reads them, since ipvsadm takes whatever strtol(3), inet_aton(3) and
 * inet_pton(3) take.
 */
import { isIPv4, isIPv6 } from 'node:net'

/** strtol(3), base 10, of the whole text; undefined when it is no number or outside of the range. */
export function wholeNumber(text: string, minimum: number, maximum: number): number | undefined {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) return undefined
  const number = Number(text)
  return number >= minimum && number <= maximum ? number + 0 : undefined
}

/** atoi(3): the number at the beginning of the text, 0 when there is none. */
export function leadingNumber(text: string): number {
  return Number(/^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(text)?.[1] ?? 0)
}

/** inet_aton(3): one to four numbers, decimal, octal or hexadecimal, the last one filling what is left. */
export function looseIPv4(text: string): string | undefined {
  const [literal = ''] = text.split(/[ \t\n\v\f\r]/, 1)
  const parts = literal.split('.').map(part)
  if (parts.length > 4 || parts.includes(undefined)) return undefined
  const last = parts.pop() ?? 0
  const leading = parts as number[]
  if (leading.some((byte) => byte > 255) || last >= 256 ** (4 - leading.length)) return undefined
  return dotted(leading.reduce((sum, byte, index) => sum + byte * 256 ** (3 - index), last))
}

function part(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number(text)
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8)
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** inet_pton(3), AF_INET6: no zone. */
export function strictIPv6(text: string): string | undefined {
  return isIPv6(text) && !text.includes('%') ? text : undefined
}

/** inet_pton(3), AF_INET. */
export function strictIPv4(text: string): string | undefined {
  return isIPv4(text) ? text : undefined
}

/** Length of a contiguous dotted mask; undefined when it has a hole. */
export function prefixLength(mask: string): number | undefined {
  const bits = mask
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined
}

/** The dotted mask of an IPv4 prefix length. */
export function maskOfPrefix(length: number): string {
  return dotted(2 ** 32 - 2 ** (32 - length))
}
