/** Checks of input that name the field. Each returns the value in the form that the director works with. */
import { InvalidArgumentError } from '../../errors.js'
import type { Family, Protocol } from '../../ipvs/types.js'
import { canonicalAddress, familyOf, parsePrefix, type Prefix } from './ip.js'

/** A field's name, or what makes it: of a hundred thousand endpoints hardly one is ever named. */
export type Field = string | (() => string)

function nameOf(field: Field): string {
  return typeof field === 'string' ? field : field()
}

export function integer(field: Field, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new InvalidArgumentError(nameOf(field), value, `a whole number from ${min} to ${max}`)
}

/** Fractions too. */
export function number(field: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new InvalidArgumentError(field, value, `a number from ${min} to ${max}`)
}

export function port(field: Field, value: unknown): number {
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

export function object(field: Field, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError(nameOf(field), value, 'an object')
  }
}

export function list<T>(field: Field, value: readonly T[] | null | undefined): readonly T[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value as readonly T[]
  throw new InvalidArgumentError(nameOf(field), value, 'an array')
}

export function address(field: Field, value: unknown): string {
  const found = typeof value === 'string' ? canonicalAddress(value) : undefined
  if (found !== undefined) return found
  throw new InvalidArgumentError(nameOf(field), value, 'an IPv4 or IPv6 address')
}

export function prefix(field: string, value: unknown): Prefix {
  const found = typeof value === 'string' ? parsePrefix(value) : undefined
  if (found !== undefined) return found
  throw new InvalidArgumentError(field, value, 'an address prefix such as 10.0.0.0/8')
}

/** Kubernetes writes protocols in capitals, everything below in small letters; the default is TCP. */
export function protocol(field: Field, value: unknown): Protocol {
  const small = typeof value === 'string' ? value.toLowerCase() : (value ?? 'tcp')
  if (small === 'tcp' || small === 'udp' || small === 'sctp') return small
  throw new InvalidArgumentError(nameOf(field), value, 'TCP, UDP or SCTP')
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
