/**
 * The whole test run: `npm test [-- --only unit,kernel]`. Every stage runs, whatever the ones before it came to;
 * the last line sums up. Where two lanes run side by side, each line says which stage it comes from.
 */
import { parseArgs } from 'node:util'
import { type Counts, type Outcome, addCounts, noCounts } from './support/counts.js'
import { type Stage, failure } from './support/stage.js'
import type { Print } from './support/run-program.js'
import { plan } from './support/stages.js'

const stages = plan.flat(2)

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const names = values.only?.split(',') ?? stages.map((stage) => stage.name)
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name))
  if (unknown.length > 0) throw new Error(`no stage ${unknown.join(', ')}; there are: ${allNames()}`)

  let total = noCounts()
  for (const lanes of plan) {
    const wanted = lanes.map((lane) => lane.filter(({ name }) => names.includes(name)))
    const used = wanted.filter((lane) => lane.length > 0)
    const counts = await Promise.all(used.map((lane) => runLane(lane, used.length > 1)))
    total = counts.reduce(addCounts, total)
  }
  list('skipped', total.skipped)
  list('failed', total.failed)
  console.log(`${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`)
  process.exitCode = total.failed.length > 0 ? 1 : 0
}

async function runLane(lane: readonly Stage[], named: boolean): Promise<Counts> {
  let total = noCounts()
  for (const stage of lane) {
    const print: Print = named
      ? (line) => console.log(`${stage.name} │ ${line}`)
      : (line) => console.log(line)
    total = addCounts(total, await runStage(stage, print))
  }
  return total
}

async function runStage(stage: Stage, print: Print): Promise<Counts> {
  console.log(`\n── ${stage.name}`)
  const start = performance.now()
  const counts = named(stage.name, withProof(await stage.run(print)))
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`── ${stage.name}: ${counts.failed.length > 0 ? 'FAILED' : 'ok'} in ${seconds} s`)
  return counts
}

/** A stage that executed nothing has shown nothing. */
function withProof(counts: Counts): Counts {
  const executed = counts.passed + counts.failed.length + counts.skipped.length
  return executed > 0 ? counts : failure('', 'no test was executed')
}

/** Puts the stage's name before the names of its tests. */
function named(stage: string, counts: Counts): Counts {
  const rename = ({ name, reason }: Outcome): Outcome => ({ name: [stage, name].join(': '), reason })
  return { ...counts, failed: counts.failed.map(rename), skipped: counts.skipped.map(rename) }
}

function list(title: string, outcomes: readonly Outcome[]): void {
  if (outcomes.length > 0) console.log(`\n${title}:`)
  for (const { name, reason } of outcomes) console.log(`  ${name}: ${reason}`)
}

function allNames(): string {
  return stages.map((stage) => stage.name).join(', ')
}

// Stages run in process groups of their own, which are ended when this process exits: also when it is told to.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code))
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
})
