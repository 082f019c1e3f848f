import { InvalidArgumentError } from '../errors.js'

const unitLetters = ['', 'K', 'M', 'G']
const smallest = 128 * 2 ** 20

/** `'4G'`, `'512m'` or a number of bytes, as bytes. At least 128 MiB: a guest does not boot in less. */
export function parseMemory(value: string | number, field = 'memory'): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)(?:i?B)?$/i.exec(String(value))
  const power = unitLetters.indexOf(match?.[2]?.toUpperCase() ?? '')
  const bytes = Math.round(Number(match?.[1] ?? NaN) * 1024 ** power)
  if (!(bytes >= smallest && bytes <= Number.MAX_SAFE_INTEGER)) {
    throw new InvalidArgumentError(field, value, "a size of at least 128M, such as '2G' or a number of bytes")
  }
  return bytes
}
