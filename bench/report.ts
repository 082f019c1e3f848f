/** A result as a table for people. */
import Table from 'cli-table3'

import { median } from './quantile.js'
import type { Result } from './suite.js'

export function formatResult(result: Result): string {
  const { suite, machine, rows, ratios } = result
  const known = new Set([
    'name',
    'driver',
    'size',
    'seconds',
    'operations',
    'opsPerSecond',
    'peakRssMiB',
    'eventLoopDelayMs',
  ])
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !known.has(name))
  const table = new Table({
    head: ['row', 'driver', 'size', 'median s', 'min–max s', 'ops/s', 'peak MiB', 'loop ms', ...figures],
    style: { head: [], border: [] },
  })
  for (const row of rows) {
    const { seconds, eventLoopDelayMs } = row
    table.push([
      row.name,
      row.driver,
      row.size,
      median(seconds).toFixed(4),
      `${Math.min(...seconds).toFixed(4)}–${Math.max(...seconds).toFixed(4)}`,
      Math.round(row.opsPerSecond).toString(),
      row.peakRssMiB.toFixed(0),
      eventLoopDelayMs === null ? '' : eventLoopDelayMs.toFixed(1),
      ...figures.map((name) => figureText(row[name])),
    ])
  }
  const lines = ratios.map(({ name, of, to, figure, median: middle, min, max, options = {} }) => {
    const row = [name, ...Object.values(options)].join(' ')
    return figure === undefined
      ? `${row}: ${of} takes ${middle.toFixed(2)} times as long as ${to} (${min.toFixed(2)}–${max.toFixed(2)})`
      : `${row}: ${figure} of ${of} is ${middle.toFixed(2)} times that of ${to}`
  })
  const where = Object.entries(machine).map(([key, value]) => `${key} ${value}`)
  return `${suite} on ${where.join(', ')}\n${table.toString()}\n${lines.join('\n')}\n`
}

function figureText(figure: unknown): string {
  if (typeof figure === 'number') return String(Math.round(figure * 1000) / 1000)
  return typeof figure === 'string' ? figure : ''
}
