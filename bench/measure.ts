/** Runs each driver of a suite in fresh processes, in turn, and sums up. */
import { execFile } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { env, execPath, stderr, version } from 'node:process'
import { promisify } from 'node:util'

import { median } from './quantile.js'
import type { BenchOptions, Measurement, Ratio, RatioPlan, Result, Row, RowPlan, Suite } from './suite.js'

// A namespace whose loopback was never up has no local routes: IPVS takes every real server for a broadcast address.
const WITH_LOOPBACK = 'ip link set lo up && exec "$@"'

const execute = promisify(execFile)
type Measured = Measurement & { readonly peakRssMiB: number }

export async function measureAll(suite: Suite, bench: BenchOptions): Promise<Result> {
  const result = { suite: suite.name, machine: machine(), rows: [] as Row[], ratios: [] as Ratio[] }
  for (const options of suite.variants?.(bench.options) ?? [bench.options]) {
    const { rows, ratios } = await measureVariant(suite, { ...bench, options })
    result.rows.push(...rows)
    result.ratios.push(...ratios)
  }
  return result
}

async function measureVariant(suite: Suite, bench: BenchOptions): Promise<Pick<Result, 'rows' | 'ratios'>> {
  const rows: Row[] = []
  for (const plan of suite.rows) {
    if (bench.rows?.includes(plan.name) ?? true) rows.push(...(await measureRow(suite, plan, bench)))
  }
  const ratios = suite.ratios.flatMap((plan) => ratioOf(plan, rows) ?? [])
  if (suite.variants === undefined) return { rows, ratios }
  const { options } = bench
  return {
    rows: rows.map((row) => ({ ...row, ...options })),
    ratios: ratios.map((ratio) => ({ ...ratio, options })),
  }
}

async function measureRow(suite: Suite, plan: RowPlan, bench: BenchOptions): Promise<Row[]> {
  const drivers = plan.drivers.filter(({ name }) => bench.drivers?.includes(name) ?? true)
  const measured = new Map<string, Measured[]>(drivers.map(({ name }) => [name, []]))
  for (let round = 1; round <= bench.rounds; round++) {
    for (const { name } of drivers) {
      stderr.write(`${suite.name} ${plan.name} ${name}, round ${round} of ${bench.rounds}: `)
      const measurement = await measureOnce(suite, plan, name, bench)
      stderr.write(`${measurement.seconds.toFixed(3)} s\n`)
      measured.get(name)?.push(measurement)
    }
  }
  return [...measured].map(([driver, list]) => summarise(plan.name, driver, bench.size, list))
}

// In a network namespace of its own: IPVS keeps removed real servers for two minutes and walks through them for each
// new one, so that a table programmed after another had been flushed takes many times as long.
async function measureOnce(
  suite: Suite,
  plan: RowPlan,
  driver: string,
  bench: BenchOptions,
): Promise<Measured> {
  const program = join(__dirname, 'drive.js')
  const words = [program, suite.name, plan.name, driver, bench.size, JSON.stringify(bench.options)]
  const isolated = ['--net', '--', 'sh', '-c', WITH_LOOPBACK, 'sh', execPath, '--expose-gc', ...words]
  const { stdout } = await execute('unshare', isolated, { maxBuffer: 1 << 20 })
  return JSON.parse(stdout) as Measured
}

function summarise(name: string, driver: string, size: string, list: readonly Measured[]): Row {
  const seconds = list.map((measurement) => measurement.seconds)
  const delays = list.flatMap(({ eventLoopDelayMs }) => eventLoopDelayMs ?? [])
  return {
    name,
    driver,
    size: list[0]?.size ?? size,
    seconds,
    operations: list[0]?.operations ?? 0,
    opsPerSecond: median(list.map((measurement) => measurement.operations / measurement.seconds)),
    peakRssMiB: Math.max(...list.map(({ peakRssMiB }) => peakRssMiB)),
    eventLoopDelayMs: delays.length === 0 ? null : Math.max(...delays),
    ...figures(list),
  }
}

function figures(list: readonly Measured[]): Record<string, number> {
  const names = Object.keys(list[0]?.figures ?? {})
  return Object.fromEntries(
    names.map((name) => [name, median(list.map((one) => one.figures?.[name] ?? NaN))]),
  )
}

// Round by round: both sides of a pair ran within the same minute.
function ratioOf(plan: RatioPlan, rows: readonly Row[]): Ratio | undefined {
  const find = (driver: string): readonly number[] | undefined => {
    const row = rows.find((candidate) => candidate.name === plan.name && candidate.driver === driver)
    if (row === undefined || plan.figure !== undefined) return row && [Number(row[plan.figure as string])]
    return plan.perOperation ? row.seconds.map((seconds) => seconds / row.operations) : row.seconds
  }
  const of = find(plan.of)
  const to = find(plan.to)
  if (of === undefined || to === undefined) return undefined
  const ratios = of.map((seconds, round) => seconds / (to[round] ?? NaN))
  return { ...plan, median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}

function machine() {
  const [first] = cpus()
  return {
    guest: env['BENCH_IN_GUEST'] ?? 'none',
    ...(env['BENCH_EMULATOR'] !== undefined && { emulator: env['BENCH_EMULATOR'] }),
    kernel: release(),
    node: version,
    cpu: first?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
  }
}
