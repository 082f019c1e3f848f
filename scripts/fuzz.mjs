#!/usr/bin/env node
/**
 * Builds the fuzz targets and runs each for a while: `npm run fuzz [-- --seconds N] [--target NAME]`.
 * The corpus grows in .cache/fuzz/corpus and starts from the hex texts in test/fuzz/seeds.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, target: { type: 'string' } },
})
const out = '.cache/fuzz'

run('npm', ['run', '--silent', 'build:fuzzers'])
for (const target of targets()) fuzz(target)

function targets() {
  const all = readdirSync('test/fuzz')
    .filter((name) => name.endsWith('.cc'))
    .map((name) => basename(name, '.cc'))
  if (values.target !== undefined && !all.includes(values.target)) {
    throw new Error(`no fuzz target ${values.target}; there are: ${all.join(', ')}`)
  }
  return values.target === undefined ? all : [values.target]
}

function fuzz(target) {
  const corpus = join(out, 'corpus', target)
  mkdirSync(corpus, { recursive: true })
  writeSeeds(join('test/fuzz/seeds', target), corpus)
  run(join(out, `fuzz_${target}`), [
    corpus,
    `-max_total_time=${values.seconds}`,
    '-max_len=8192',
    '-timeout=10',
    '-print_final_stats=1',
    '-verbosity=0',
    `-artifact_prefix=${out}/${target}-`,
  ])
}

function writeSeeds(folder, corpus) {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const hex = readFileSync(join(folder, name), 'utf8').replace(/#.*$/gm, '').replace(/\s/g, '')
    writeFileSync(join(corpus, basename(name, '.hex')), Buffer.from(hex, 'hex'))
  }
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}
