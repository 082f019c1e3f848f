import type { CheckedOption } from './combinations.js'
import type { Listing } from './command.js'
import type { Draft } from './draft.js'
import { refuse } from './errors.js'
import { serviceKey } from './service-key.js'
import type { TableColumns } from './table-format.js'

/** What -L and its switches show. */
export function buildList(draft: Draft): Listing {
  const { given } = draft
  refuseConflicts(given)
  if (given.has('connection')) {
    const persistenceEngineData = given.has('persistent-conn')
    return { operation: 'listConnections', numeric: given.has('numeric'), persistenceEngineData }
  }
  if (given.has('timeout')) return { operation: 'listTimeouts' }
  if (given.has('daemon')) return { operation: 'listDaemons' }
  const format = {
    numeric: given.has('numeric'),
    exact: given.has('exact'),
    sort: !given.has('nosort'),
    columns: columns(given),
  }
  const service = given.has('service-address') && { service: serviceKey(draft) }
  return { operation: 'listTable', ...service, format }
}

function refuseConflicts(given: ReadonlySet<CheckedOption>): void {
  const has = (...options: CheckedOption[]): boolean => options.some((option) => given.has(option))
  if (
    (has('connection', 'timeout', 'daemon') && has('stats', 'rate', 'thresholds')) ||
    (has('timeout', 'daemon') && has('persistent-conn'))
  ) {
    refuse('options conflicts in the list command')
  }
}

/** Of several, the first one here wins. */
function columns(given: ReadonlySet<CheckedOption>): TableColumns {
  if (given.has('stats')) return 'stats'
  if (given.has('rate')) return 'rate'
  if (given.has('thresholds')) return 'thresholds'
  if (given.has('persistent-conn')) return 'persistent-connections'
  return given.has('tun-info') ? 'tunnels' : 'connections'
}
