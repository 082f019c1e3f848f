/**
 * `npm run bench -- SUITE [--size S] [--rounds N] [--rows a,b] [--drivers a,b] [--guest qemu|uml|none] [--json FILE]`
 *
 * Compares drivers in one run and prints medians and ratios. Suites are described in bench/suite.ts; a suite that needs
 * a guest is run inside it as a whole, by this same program.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, env, execPath, exit, stderr, stdout } from 'node:process'
import { parseArgs } from 'node:util'

import { InvalidArgumentError } from '../lib/index.js'
import { runInGuest } from './guest.js'
import { measureAll } from './measure.js'
import { formatResult } from './report.js'
import type { BenchOptions, Result, Suite } from './suite.js'
import { suites } from './suites.js'

const root = join(__dirname, '..', '..')
async function main(): Promise<void> {
  const { suite, bench, json } = await readArguments(argv.slice(2))
  let result: Result
  if (bench.guest === 'none') {
    buildLimits(suite)
    try {
      result = await measureAll(suite, bench)
    } finally {
      await suite.cleanUp?.()
    }
  } else {
    buildLimits(suite)
    result = await runInGuest(suite, bench, [execPath, __filename])
  }
  if (json === '-') stdout.write(`${JSON.stringify(result)}\n`)
  else {
    stdout.write(formatResult(result))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`)
  }
}

async function readArguments(words: string[]) {
  const [name = '', ...rest] = words
  const load = suites[name]
  if (load === undefined)
    throw new UsageError(`no suite '${name}'; there are ${Object.keys(suites).join(', ')}`)
  const suite = await load()
  const own = Object.fromEntries((suite.options ?? []).map((option) => [option, { type: 'string' as const }]))
  const { values } = parseArgs({
    args: rest,
    options: {
      size: { type: 'string', default: suite.defaultSize },
      rounds: { type: 'string', default: '5' },
      rows: { type: 'string' },
      drivers: { type: 'string' },
      guest: { type: 'string', default: suite.guest },
      json: { type: 'string' },
      ...own,
    },
  })
  const { size, rounds, rows, drivers, guest, json, ...options } = values as Record<string, string>
  suite.checkSize(size as string)
  suite.variants?.(options)
  if (!/^[1-9]\d?$/.test(rounds as string))
    throw new UsageError(`--rounds: expected 1 to 99, got '${rounds}'`)
  if (guest !== 'qemu' && guest !== 'uml' && guest !== 'none') {
    throw new UsageError(`--guest: expected qemu, uml or none, got '${guest}'`)
  }
  const named = {
    rows: checkNames('row', suite, rows, suite.rows),
    drivers: checkNames(
      'driver',
      suite,
      drivers,
      suite.rows.flatMap((row) => row.drivers),
    ),
  }
  const bench: BenchOptions = {
    size: size as string,
    rounds: Number(rounds),
    ...named,
    guest,
    options,
  }
  return { suite, bench, json }
}

/** The names of a list, each of which the suite has. */
function checkNames(
  kind: string,
  { name }: Suite,
  list: string | undefined,
  all: readonly { readonly name: string }[],
): string[] | undefined {
  const known = new Set(all.map((one) => one.name))
  const named = list?.split(',')
  const unknown = named?.find((one) => !known.has(one))
  if (unknown === undefined) return named
  throw new UsageError(`--${kind}s: ${name} has no ${kind} '${unknown}'; it has ${[...known].join(', ')}`)
}

/** The hand-written limits are compiled where they are needed: the compiler's word is part of the measurement. */
function buildLimits(suite: Suite): void {
  // Inside a guest they are there already.
  if (env['BENCH_IN_GUEST'] !== undefined) return
  mkdirSync(join(root, 'build', 'bench'), { recursive: true })
  for (const limit of suite.limits ?? []) {
    const source = join(root, 'bench', 'limit', `${limit}.c`)
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-o', join(root, 'build', 'bench', limit), source])
  }
}

class UsageError extends Error {}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError || error instanceof InvalidArgumentError) return true
  return String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}

main().catch((error: unknown) => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const usage = isUsage(error)
  stderr.write(`bench: ${usage ? message : stack}\n`)
  exit(usage ? 2 : 1)
})
