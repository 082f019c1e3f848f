/** What a director did, in numbers: kube-proxy's names where it has them, and those of IPVS, which it never had. */
import type { IpvsStatistics } from '../../ipvs/statistics.js'
import type { Director } from '../director.js'
import type { FailedEvent, SyncedEvent } from '../events.js'
import type { FlowsCleaned } from '../sync/data-plane.js'
import { exposition, Histogram, type Metric, type Sample } from './exposition.js'

/** 1 ms to 16 s, doubling: kube-proxy's, of passes and of cleaning flows. */
const syncBounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)

/** 0.25 s to 5 min: kube-proxy's. */
const programmingBounds = [
  0.25,
  0.5,
  ...Array.from({ length: 59 }, (_, index) => 1 + index),
  ...Array.from({ length: 12 }, (_, index) => 60 + 5 * index),
  ...Array.from({ length: 7 }, (_, index) => 120 + 30 * index),
]

/** What a health server answers: counted from zero, so that the first refusal shows as a rise. */
const healthCodes: readonly [code: number, answers: number][] = [
  [200, 0],
  [503, 0],
]

export class DirectorMetrics {
  readonly #syncSeconds = new Histogram(syncBounds)
  readonly #programmingSeconds = new Histogram(programmingBounds)
  readonly #flowSeconds = new Histogram(syncBounds)
  readonly #answers = { healthz: new Map([...healthCodes]), livez: new Map([...healthCodes]) }
  #flows = 0
  #changes = 0
  #failures = 0
  #restoreFailures = 0
  #drift = 0
  #drained = 0

  /** Counts from now on. A director may have several of these. */
  constructor(private readonly director: Director) {
    director.on('synced', (event) => this.#synced(event))
    director.on('failed', (event) => this.#failed(event))
    director.on('drift', ({ changes }) => (this.#drift += changes.length))
    director.on('flowsCleaned', (event) => this.#flowsCleaned(event))
    director.on('drained', () => (this.#drained += 1))
    director.on('endpointProgrammed', ({ latencyMs }) => this.#programmingSeconds.observe(latencyMs / 1000))
  }

  /** For whoever serves `/healthz` and `/livez`, as `director run --metrics-port` does: one was answered. */
  countAnswer(path: 'healthz' | 'livez', code: number): void {
    const answers = this.#answers[path]
    answers.set(code, (answers.get(code) ?? 0) + 1)
  }

  /** The values now, as data: for those who have a metrics library of their own. */
  async collect(): Promise<Metric[]> {
    return [
      ...this.#kubeProxy(),
      ...this.#answered(),
      ...this.#own(),
      ...ipvsMetrics(await this.director.statistics()),
    ]
  }

  /** The same as Prometheus reads it. Serve it as {@link expositionType}. */
  async text(): Promise<string> {
    return exposition(await this.collect())
  }

  #synced({ changes, durationMs }: SyncedEvent): void {
    this.#syncSeconds.observe(durationMs / 1000)
    this.#changes += changes
  }

  #flowsCleaned({ deleted, durationMs }: FlowsCleaned): void {
    this.#flowSeconds.observe(durationMs / 1000)
    this.#flows += deleted
  }

  #failed({ change }: FailedEvent): void {
    this.#failures += 1
    if (change?.type === 'writeRules') this.#restoreFailures += 1
  }

  #kubeProxy(): Metric[] {
    const { lastSync, lastQueued, wishes, withoutLocalEndpoints } = this.director.status()
    const seconds = (at: Date | undefined): number => (at === undefined ? 0 : at.getTime() / 1000)
    const name = (rest: string): string => `kubeproxy_${rest}`
    const histogram = (rest: string, help: string, values: Histogram): Metric => ({
      name: name(rest),
      help,
      type: 'histogram',
      samples: values.samples(),
    })
    return [
      histogram('sync_proxy_rules_duration_seconds', 'How long passes took', this.#syncSeconds),
      histogram(
        'network_programming_duration_seconds',
        'From the moment when an endpoint change was told to the moment when the kernel had it',
        this.#programmingSeconds,
      ),
      gauge(name('sync_proxy_rules_last_timestamp_seconds'), 'When the last pass ended', seconds(lastSync)),
      gauge(
        name('sync_proxy_rules_last_queued_timestamp_seconds'),
        'When a wish last came',
        seconds(lastQueued),
      ),
      counter(name('sync_proxy_rules_endpoint_changes_total'), 'Endpoint changes', wishes.endpoints.total),
      gauge(
        name('sync_proxy_rules_endpoint_changes_pending'),
        'Endpoint changes that no pass has taken up',
        wishes.endpoints.pending,
      ),
      counter(name('sync_proxy_rules_service_changes_total'), 'Service changes', wishes.services.total),
      gauge(
        name('sync_proxy_rules_service_changes_pending'),
        'Service changes that no pass has taken up',
        wishes.services.pending,
      ),
      counter(
        name('sync_proxy_rules_iptables_restore_failures_total'),
        'Failed runs of iptables-restore',
        this.#restoreFailures,
      ),
      histogram(
        'conntrack_reconciler_sync_duration_seconds',
        'How long it took to find and delete stale UDP flows',
        this.#flowSeconds,
      ),
      counter(
        name('conntrack_reconciler_deleted_entries_total'),
        'Stale UDP flows that were deleted',
        this.#flows,
      ),
      {
        name: name('sync_proxy_rules_no_local_endpoints_total'),
        help: 'Services with a Local policy and endpoints, none of them on this node',
        type: 'gauge',
        samples: Object.entries(withoutLocalEndpoints).map(([policy, value]) => ({
          labels: { traffic_policy: policy },
          value,
        })),
      },
    ]
  }

  #answered(): Metric[] {
    return (['healthz', 'livez'] as const).map((path) => ({
      name: `kubeproxy_proxy_${path}_total`,
      help: `Answers to /${path}`,
      type: 'counter',
      samples: [...this.#answers[path]].map(([code, value]) => ({ labels: { code: String(code) }, value })),
    }))
  }

  #own(): Metric[] {
    const { services, servers, draining, troubled, withheld } = this.director.status()
    const name = (rest: string): string => `ipvs_director_${rest}`
    return [
      gauge(name('virtual_services'), 'Planned virtual services', services),
      gauge(name('real_servers'), 'Planned real servers', servers),
      gauge(name('draining_servers'), 'Real servers that drain', draining.length),
      counter(
        name('drained_servers_total'),
        'Real servers that were removed after they drained',
        this.#drained,
      ),
      gauge(name('troubled_services'), 'Services that are not as wished', troubled.size),
      gauge(name('withheld_changes'), 'Changes that are not allowed', withheld.length),
      counter(name('changes_total'), 'Changes made to the kernel', this.#changes),
      counter(name('failures_total'), 'Changes and passes that failed', this.#failures),
      counter(name('drift_changes_total'), 'Changes that repaired what others had done', this.#drift),
    ]
  }
}

/** Nothing where the data plane cannot tell. */
function ipvsMetrics(statistics: IpvsStatistics | undefined): Metric[] {
  if (statistics === undefined) return []
  const { connections, incomingPackets, outgoingPackets, incomingBytes, outgoingBytes } = statistics.counters
  const both = (incoming: bigint, outgoing: bigint): Sample[] => [
    { labels: { direction: 'in' }, value: incoming },
    { labels: { direction: 'out' }, value: outgoing },
  ]
  return [
    counter('ipvs_connections_total', 'Connections that IPVS scheduled', connections),
    {
      name: 'ipvs_packets_total',
      help: 'Packets that IPVS forwarded',
      type: 'counter',
      samples: both(incomingPackets, outgoingPackets),
    },
    {
      name: 'ipvs_bytes_total',
      help: 'Bytes that IPVS forwarded',
      type: 'counter',
      samples: both(incomingBytes, outgoingBytes),
    },
  ]
}

function counter(name: string, help: string, value: number | bigint): Metric {
  return { name, help, type: 'counter', samples: [{ value }] }
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: 'gauge', samples: [{ value }] }
}
