/** Ranges of what a set is made of: each check returns the value, or throws an error that names field and range. */
import { InvalidArgumentError } from '../errors.js'

const MAX_NAME_BYTES = 31

/** A set's name as the kernel takes it; the name of an existing set may hold more than a new one's. */
export function checkName(name: unknown, field = 'name'): string {
  const good = typeof name === 'string' && name !== '' && !name.includes('\0') && !name.startsWith('\u0001')
  if (good && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  throw new InvalidArgumentError(field, name, 'the name of a set, 1 to 31 bytes')
}

/** A name to give: without blanks and quotation marks, which ipset's own format could not hold. */
export function checkNewName(name: unknown, field = 'name'): string {
  if (!/[\s"]/.test(checkName(name, field))) return name as string
  throw new InvalidArgumentError(field, name, 'a name without blanks and quotation marks')
}

export function checkInteger(value: unknown, field: string, minimum: number, maximum: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InvalidArgumentError(field, value, `an integer from ${minimum} to ${maximum}`)
  }
  return value
}

export function checkFlag(value: unknown, field: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw new InvalidArgumentError(field, value, 'true or false')
  return value
}

export function checkObject<T>(value: T, field: string): T & object {
  if (typeof value === 'object' && value !== null) return value
  throw new InvalidArgumentError(field, value, 'an object')
}
