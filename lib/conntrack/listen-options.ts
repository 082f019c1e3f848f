/** Options of `kernel.conntrack.listen()`. */
import { checkBoolean, checkChoice, checkInteger, checkKeys, checkList } from '../check.js'
import { InvalidArgumentError } from '../errors.js'
import { native } from '../native.js'
import type { NativeListenerOptions } from '../native-conntrack.js'
import { compileEventFilter } from './event-filter.js'
import type { EventFilter } from './filter-types.js'
import type { FlowEventType } from './types.js'

export interface ListenOptions {
  /** Kinds of flow events. @default all three */
  readonly events?: readonly FlowEventType[]
  /** Expectations as well: `expectation-new`, `expectation-update`, `expectation-destroy`. @default false */
  readonly expectations?: boolean
  /** Which events to get; in the kernel where it permits. Absent: all, and `setFilter()` is not available. */
  readonly filter?: EventFilter
  /** Where the filter has to run. @default in the kernel where bpf(2) is permitted, else in the reader */
  readonly filterKind?: 'ebpf' | 'native'
  /** How many endpoints and zones, and how many networks, a filter may hold. @default 65536 */
  readonly filterCapacity?: number
  /**
   * Room for events that the reader has not fetched yet, bytes; the kernel grants twice as much. Beyond
   * `net.core.rmem_max` it takes CAP_NET_ADMIN; `listener.receiveBufferBytes` says what was granted. @default 32 MiB
   */
  readonly receiveBufferBytes?: number
  /**
   * How long an event may wait for others before the consumer is woken, 0 to 1000 ms. What comes after a pause of as long
   * is handed over at once. 0 wakes two threads for every single event, and costs many times the processor time.
   * @default 10
   */
  readonly latencyMs?: number
  /**
   * How much may wait for the consumer, bytes, and some more for what is being read; then the kernel's buffer fills, and
   * then events are lost. @default 64 MiB
   */
  readonly queueBytes?: number
  /**
   * Keep the consumer's picture right: flows older than the listener come as synthetic `new` events; after a loss, what
   * was missed comes as synthetic events. The kernel does not report the end of flows older than the listener (it does
   * with `nf_conntrack_events=1`, and of flows that began while anybody listened): as long as there are some, the table
   * is read again every `intervalSeconds` (@default 15). Costs memory for every flow that passes the filter.
   * @default false
   */
  readonly resync?: boolean | { readonly intervalSeconds?: number }
  /**
   * Hear all namespaces that have an id in this one (`ip netns set`), too: `nsid` says which an event is of
   * [NETLINK_LISTEN_ALL_NSID]. Flows of the others produce events only with their `nf_conntrack_events=1`, or while they
   * have a listener of their own. Not together with `resync`. @default false
   */
  readonly allNamespaces?: boolean
  /** Closes the listener; a pending next() rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined
}

const KEYS: readonly (keyof ListenOptions)[] = [
  'events',
  'expectations',
  'filter',
  'filterKind',
  'filterCapacity',
  'receiveBufferBytes',
  'queueBytes',
  'latencyMs',
  'resync',
  'allNamespaces',
  'signal',
]
const KINDS: readonly FlowEventType[] = ['new', 'update', 'destroy']
const MIB = 1 << 20
const I32 = 0x7fffffff
const DEFAULT_RESYNC_SECONDS = 15

/** Throws InvalidArgumentError for what is no option. */
export function nativeListenOptions(options: ListenOptions): NativeListenerOptions {
  checkKeys(options, 'options', KEYS)
  const { filter, filterKind, allNamespaces = false, resync = false } = options
  checkSignal(options.signal)
  checkBoolean(allNamespaces, 'options.allNamespaces')
  if (filterKind !== undefined) checkChoice(filterKind, 'options.filterKind', ['ebpf', 'native'])
  if (allNamespaces && resync !== false) {
    throw new InvalidArgumentError(
      'options.resync',
      resync,
      'false with allNamespaces: only the own table can be read',
    )
  }
  return {
    groups: groupsOf(options),
    allNamespaces,
    receiveBufferBytes: bounded(options.receiveBufferBytes ?? 32 * MIB, 'receiveBufferBytes', 4096, I32 >> 1),
    queueBytes: bounded(options.queueBytes ?? 64 * MIB, 'queueBytes', 1, Number.MAX_SAFE_INTEGER),
    latencyMs: bounded(options.latencyMs ?? 10, 'latencyMs', 0, 1000),
    filterCapacity: bounded(options.filterCapacity ?? 65536, 'filterCapacity', 1, 1 << 24),
    ...(filter !== undefined && compileEventFilter(filter)),
    awaitFilter: filter?.services !== undefined,
    resync: resync !== false,
    resyncIntervalMs: resyncSeconds(resync) * 1000,
  }
}

function resyncSeconds(resync: unknown): number {
  if (typeof resync === 'boolean') return DEFAULT_RESYNC_SECONDS
  if (typeof resync !== 'object' || resync === null) {
    throw new InvalidArgumentError('options.resync', resync, 'true, false or { intervalSeconds }')
  }
  checkKeys(resync, 'options.resync', ['intervalSeconds'])
  const { intervalSeconds = DEFAULT_RESYNC_SECONDS } = resync as { intervalSeconds?: number }
  return bounded(intervalSeconds, 'resync.intervalSeconds', 1, 86400)
}

/** Anything that can be listened to: signals may come from another realm. */
function checkSignal(signal: unknown): void {
  if (signal === undefined) return
  const { addEventListener, aborted } = Object(signal) as Partial<AbortSignal>
  if (typeof addEventListener === 'function' && typeof aborted === 'boolean') return
  throw new InvalidArgumentError('options.signal', signal, 'an AbortSignal')
}

function bounded(value: number, name: string, least: number, most: number): number {
  return checkInteger(value, `options.${name}`, least, most)
}

function groupsOf({ events = KINDS, expectations = false }: ListenOptions): number[] {
  const { constants } = native().conntrack
  const group = { new: constants.groupNew, update: constants.groupUpdate, destroy: constants.groupDestroy }
  checkList(events, 'options.events', `a list of ${KINDS.join(', ')}`)
  const groups = events.map((kind: FlowEventType, index) => {
    return group[checkChoice(kind, `options.events[${index}]`, KINDS)]
  })
  if (checkBoolean(expectations, 'options.expectations')) {
    groups.push(
      constants.groupExpectationNew,
      constants.groupExpectationUpdate,
      constants.groupExpectationDestroy,
    )
  }
  if (groups.length === 0)
    throw new InvalidArgumentError('options.events', events, 'at least one kind of event')
  return groups
}
