/**
 * Metrics as data, and as the text that Prometheus scrapes.
 * Source: the text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 */
export interface Sample {
  /** Behind the metric's name: `_bucket`, `_sum`, `_count` of histograms; else empty. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number | bigint
}

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** The media type that a server says. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

export function exposition(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join('')
}

function metricText({ name, help, type, samples }: Metric): string {
  const lines = [
    `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
    `# TYPE ${name} ${type}`,
  ]
  for (const { suffix = '', labels = {}, value } of samples) {
    lines.push(`${name}${suffix}${labelText(labels)} ${numberText(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function numberText(value: number | bigint): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

/** Counts values into buckets, as Prometheus wants them: each bucket holds those of the smaller ones too. */
export class Histogram {
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** `bounds` ascending, without infinity. */
  constructor(private readonly bounds: readonly number[]) {
    this.#counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.#sum += value
    this.#count += 1
    const bucket = this.bounds.findIndex((bound) => value <= bound)
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }

  samples(): Sample[] {
    let below = 0
    const buckets = [...this.bounds, Infinity].map((bound, index): Sample => {
      below = bound === Infinity ? this.#count : below + (this.#counts[index] ?? 0)
      return { suffix: '_bucket', labels: { le: bound === Infinity ? '+Inf' : String(bound) }, value: below }
    })
    return [...buckets, { suffix: '_sum', value: this.#sum }, { suffix: '_count', value: this.#count }]
  }
}
