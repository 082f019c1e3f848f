/** Checks of input that name the field. Each returns the value in the form that the director works with. */
import { InvalidArgumentError } from '../../errors.js'
import type { Family, Protocol } from '../../ipvs/types.js'
import { canonicalAddress, familyOf, parsePrefix, type Prefix } from './ip.js'

export function integer(field: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new InvalidArgumentError(field, value, `a whole number from ${min} to ${max}`)
}

/** Fractions too. */
export function number(field: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new InvalidArgumentError(field, value, `a number from ${min} to ${max}`)
}

export function port(field: string, value: unknown): number {
  return integer(field, value, 1, 65535)
}

export function oneOf<T extends string>(field: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T
  throw new InvalidArgumentError(field, value, `one of ${allowed.join(', ')}`)
}

export function text(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidArgumentError(field, value, 'a text that is not empty')
}

export function boolean(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new InvalidArgumentError(field, value, 'true or false')
}

export function object(field: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError(field, value, 'an object')
  }
}

export function list<T>(field: string, value: readonly T[] | null | undefined): readonly T[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value as readonly T[]
  throw new InvalidArgumentError(field, value, 'an array')
}

/**
 * What `read` makes of each object of a list, without those of which it makes nothing. It names fields as the object has
 * them; the place in the list is put before them when an error is told, since hardly one of a hundred thousand is.
 */
export function each<T, R>(
  field: string,
  values: readonly T[] | null | undefined,
  read: (value: T) => R | undefined,
): readonly R[] {
  const given = list(field, values)
  const result: R[] = []
  let index = 0
  try {
    for (; index < given.length; index++) {
      const value = given[index] as T
      object('', value)
      const made = read(value)
      if (made !== undefined) result.push(made)
    }
  } catch (error) {
    throw inside(`${field}[${index}]`, error)
  }
  // A copy has no room to grow.
  return [...result]
}

function inside(place: string, error: unknown): unknown {
  if (!(error instanceof InvalidArgumentError)) return error
  const { field, value, allowed } = error
  return new InvalidArgumentError(field === '' ? place : `${place}.${field}`, value, allowed)
}

export function address(field: string, value: unknown): string {
  const found = typeof value === 'string' ? canonicalAddress(value) : undefined
  if (found !== undefined) return found
  throw new InvalidArgumentError(field, value, 'an IPv4 or IPv6 address')
}

export function prefix(field: string, value: unknown): Prefix {
  const found = typeof value === 'string' ? parsePrefix(value) : undefined
  if (found !== undefined) return found
  throw new InvalidArgumentError(field, value, 'an address prefix such as 10.0.0.0/8')
}

const protocols: readonly Protocol[] = ['tcp', 'udp', 'sctp']

/** Kubernetes writes protocols in capitals, everything below in small letters; the default is TCP. */
export function protocol(field: string, value: unknown): Protocol {
  const small = typeof value === 'string' ? value.toLowerCase() : (value ?? 'tcp')
  // One text for all, not one for each port.
  const known = protocols.find((one) => one === small)
  if (known !== undefined) return known
  throw new InvalidArgumentError(field, value, 'TCP, UDP or SCTP')
}

/** Most services have none: these are shared by all of them. */
export const noAddresses: Readonly<Record<Family, readonly string[]>> = { inet: [], inet6: [] }

/** Addresses by family, each list free of repetition, order kept. */
export function addressesByFamily(
  field: string,
  values: readonly unknown[],
): Readonly<Record<Family, readonly string[]>> {
  if (values.length === 0) return noAddresses
  const result: Record<Family, string[]> = { inet: [], inet6: [] }
  values.forEach((value, index) => {
    const found = address(`${field}[${index}]`, value)
    const known = result[familyOf(found)]
    if (!known.includes(found)) known.push(found)
  })
  return result
}

/** Refuses keys that nobody reads: a misspelt option must not be taken for a default. */
export function knownKeys(field: string, value: object, allowed: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (allowed.includes(key)) continue
    const name = field === '' ? key : `${field}.${key}`
    throw new InvalidArgumentError(name, key, `one of ${allowed.join(', ')}`)
  }
}
