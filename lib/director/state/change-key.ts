/** What a change is about: names it for reports and retries, and says which part of the state to look at again. */
import type { Change } from './changes.js'
import { emptyScope, type Scope, touchEntry } from './scope.js'

/** Changes with the same key are about the same thing; the later one supersedes the earlier. */
export function changeKey(change: Change): string {
  switch (change.type) {
    case 'setSysctl':
      return `sysctl ${change.name}`
    case 'setTimeouts':
      return 'timeouts'
    case 'createSet':
    case 'growSet':
    case 'destroySet':
      return `set ${change.definition.name}`
    case 'addEntry':
    case 'removeEntry':
      return `entry ${change.set} ${change.entry}`
    case 'createLink':
    case 'removeLink':
      return `link ${change.name}`
    case 'addAddress':
    case 'removeAddress':
      return `address ${change.address}`
    case 'writeRules':
      return `rules ${change.family}`
    case 'addService':
    case 'updateService':
    case 'removeService':
      return `service ${change.key}`
    case 'addServer':
    case 'updateServer':
    case 'removeServer':
      return `server ${change.key} ${change.serverKey}`
    case 'cleanFlows':
      return `flows ${change.key}`
    case 'openHealthCheck':
    case 'updateHealthCheck':
    case 'closeHealthCheck':
      return `health check ${change.port}`
  }
}

/** The part of the state that must be compared again for the change to be found again. */
export function scopeOf(change: Change): Scope {
  const scope = emptyScope()
  switch (change.type) {
    case 'createSet':
    case 'growSet':
    case 'destroySet':
      scope.sets.add(change.definition.name)
      break
    case 'addEntry':
    case 'removeEntry':
      touchEntry(scope, change.set, change.entry)
      break
    case 'addAddress':
    case 'removeAddress':
      scope.addresses.add(change.address)
      break
    case 'writeRules':
      scope.iptables.add(change.family)
      break
    case 'openHealthCheck':
    case 'updateHealthCheck':
    case 'closeHealthCheck':
      scope.healthChecks.add(change.port)
      break
    case 'setSysctl':
      scope.sysctls.add(change.name)
      break
    case 'setTimeouts':
      scope.singles.add('timeouts')
      break
    case 'createLink':
    case 'removeLink':
      scope.singles.add('link')
      break
    default:
      scope.services.add(change.key)
  }
  return scope
}

/** Whether a comparison of the scope would have found the change. */
export function isInScope(change: Change, scope: Scope): boolean {
  const part = scopeOf(change)
  const within = <K>(some: ReadonlySet<K>, all: ReadonlySet<K>): boolean =>
    [...some].every((key) => all.has(key))
  return (
    within(part.services, scope.services) &&
    within(part.sets, scope.sets) &&
    within(part.addresses, scope.addresses) &&
    within(part.iptables, scope.iptables) &&
    within(part.healthChecks, scope.healthChecks) &&
    within(part.sysctls, scope.sysctls) &&
    within(part.singles, scope.singles) &&
    [...part.entries].every(([set, entries]) => within(entries, scope.entries.get(set) ?? new Set()))
  )
}
