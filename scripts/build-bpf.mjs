#!/usr/bin/env node
/**
 * Compiles native/bpf/*.bpf.c and writes each program's code beside its source, as C++ that the addon includes: the
 * addon's users need no clang. With --check, only says where that is not what is committed.
 *
 * One compiler version, since another one may choose other instructions.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { ElfObject } from './elf-object.mjs'

const compilerVersion = '14'
const folder = 'native/bpf'
const cache = '.cache/bpf'
const instructionBytes = 8
const codePerLine = 5

const check = process.argv.includes('--check')
const compiler = findCompiler()
mkdirSync(cache, { recursive: true })
const sources = readdirSync(folder).filter((name) => name.endsWith('.bpf.c'))
const stale = sources.filter((source) => !build(source))
if (stale.length > 0) {
  console.error(`${stale.join(', ')}: compiled otherwise than committed; run scripts/build-bpf.mjs`)
  process.exit(1)
}

/** False where what is committed differs. */
function build(source) {
  const object = join(cache, `${source}.o`)
  // No path and no debug information: the code alone is kept.
  const options = ['-O2', '-g0', '-target', 'bpf', '-Wall', '-Wextra', '-Werror', ...kernelHeaders()]
  execFileSync(compiler, [...options, '-c', join(folder, source), '-o', object], { stdio: 'inherit' })
  const text = generate(source, new ElfObject(readFileSync(object)))
  const target = join(folder, source.replace(/\.c$/, '.inc'))
  if (check) return readFileSync(target, 'utf8') === text
  writeFileSync(target, text)
  return true
}

function generate(source, object) {
  const name = basename(source, '.bpf.c').replace(/(^|_)(.)/g, (_, _underscore, letter) =>
    letter.toUpperCase(),
  )
  const { code, references } = object.program('socket')
  const words = Array.from(
    { length: code.length / instructionBytes },
    (_, index) =>
      `0x${code
        .readBigUInt64LE(index * instructionBytes)
        .toString(16)
        .padStart(16, '0')},`,
  )
  const lines = []
  while (words.length > 0) lines.push(`    ${words.splice(0, codePerLine).join(' ')}`)
  return [
    `// ${source} as clang ${compilerVersion} compiles it. Written by scripts/build-bpf.mjs, do not edit.`,
    '// clang-format off',
    `inline constexpr uint64_t k${name}Code[] = {`,
    ...lines,
    '};',
    `inline constexpr MapReference k${name}Maps[] = {`,
    ...references.map(({ instruction, map }) => `    {${instruction}, "${map}"},`),
    '};',
    '',
  ].join('\n')
}

function findCompiler() {
  for (const program of [`clang-${compilerVersion}`, 'clang']) {
    const version = versionOf(program)
    if (version === compilerVersion) return program
  }
  console.error(
    `scripts/build-bpf.mjs wants clang ${compilerVersion}: apt-get install clang-${compilerVersion}`,
  )
  process.exit(1)
}

function versionOf(program) {
  try {
    const text = execFileSync(program, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return /version (\d+)/.exec(text)?.[1]
  } catch {
    return undefined
  }
}

/** Where Debian keeps asm/types.h: in a folder named after the architecture, which is not clang's target here. */
function kernelHeaders() {
  const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim()
  return triplet === '' ? [] : [`-I/usr/include/${triplet}`]
}
