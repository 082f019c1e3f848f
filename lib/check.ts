/** Checks that every room needs. Each throws an error that names field, value and what is allowed. */
import { InvalidArgumentError } from './errors.js'

export function checkInteger(value: unknown, field: string, minimum: number, maximum: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InvalidArgumentError(field, value, `an integer from ${minimum} to ${maximum}`)
  }
  return value
}

/** One of a few words. */
export function checkChoice<Word extends string>(
  value: unknown,
  field: string,
  allowed: readonly Word[],
): Word {
  if (!allowed.includes(value as Word)) {
    throw new InvalidArgumentError(field, value, allowed.map((word) => `'${word}'`).join(' or '))
  }
  return value as Word
}

export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw new InvalidArgumentError(field, value, 'true or false')
  return value
}

export function checkList(value: unknown, field: string, allowed = 'a list'): readonly unknown[] {
  if (!Array.isArray(value)) throw new InvalidArgumentError(field, value, allowed)
  return value
}

/** Options are an object, and a misspelt one is an error, not a default. */
export function checkKeys(options: unknown, field: string, allowed: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError(field, options, `an object of ${allowed.join(', ')}`)
  }
  for (const key of Object.keys(options)) {
    if (!allowed.includes(key)) {
      throw new InvalidArgumentError(
        `${field}.${key}`,
        Reflect.get(options, key),
        `one of ${allowed.join(', ')}`,
      )
    }
  }
}

/** By what is used of it: signals of other realms and libraries are none of Node's class. */
export function checkSignal(signal: unknown, field: string): AbortSignal | undefined {
  if (signal === undefined) return signal
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') return signal as AbortSignal
  throw new InvalidArgumentError(field, signal, 'an AbortSignal')
}

export function checkObject(value: unknown, field: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new InvalidArgumentError(field, value, 'an object')
}
