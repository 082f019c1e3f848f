/** Which parts of a kernel state to look at: what was touched since the last look, or what failed and is tried again. */
import type { Family } from '../../ipvs/types.js'

export interface Scope {
  /** Keys of virtual services. */
  readonly services: Set<string>
  /** Sets whose definition may have changed. */
  readonly sets: Set<string>
  /** Entries, by set. */
  readonly entries: Map<string, Set<string>>
  readonly addresses: Set<string>
  readonly iptables: Set<Family>
  readonly healthChecks: Set<number>
  readonly sysctls: Set<string>
  /** Things that there is one of. */
  readonly singles: Set<'link' | 'timeouts'>
}

export function emptyScope(): Scope {
  return {
    services: new Set(),
    sets: new Set(),
    entries: new Map(),
    addresses: new Set(),
    iptables: new Set(),
    healthChecks: new Set(),
    sysctls: new Set(),
    singles: new Set(),
  }
}

export function isEmptyScope(scope: Scope): boolean {
  return Object.values<{ readonly size: number }>({ ...scope }).every(({ size }) => size === 0)
}

export function touchEntry(scope: Scope, set: string, entry: string): void {
  const known = scope.entries.get(set)
  if (known === undefined) scope.entries.set(set, new Set([entry]))
  else known.add(entry)
}

/** Adds what `more` touches to `scope`. */
export function widenScope(scope: Scope, more: Scope): void {
  for (const key of more.services) scope.services.add(key)
  for (const name of more.sets) scope.sets.add(name)
  for (const [set, entries] of more.entries) for (const entry of entries) touchEntry(scope, set, entry)
  for (const address of more.addresses) scope.addresses.add(address)
  for (const family of more.iptables) scope.iptables.add(family)
  for (const port of more.healthChecks) scope.healthChecks.add(port)
  for (const name of more.sysctls) scope.sysctls.add(name)
  for (const single of more.singles) scope.singles.add(single)
}
