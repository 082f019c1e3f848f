/** Runs a whole suite inside a lab guest and brings its result back. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { stderr } from 'node:process'

import { type Emulator, Lab, LabError } from '../lib/lab/index.js'
import { findEmulator } from '../lib/lab/qemu/emulators.js'
import { findQemuKernel } from '../lib/lab/qemu/kernels.js'
import type { BenchOptions, Result, Suite } from './suite.js'

// A guest that hangs must not hang the bench; a full run of the largest suite takes some minutes.
const MOST_SECONDS = 3600

export async function runInGuest(
  suite: Suite,
  bench: BenchOptions,
  program: readonly string[],
): Promise<Result> {
  const { size, rounds, rows, drivers, guest, options } = bench
  const words = ['--size', size, '--rounds', String(rounds), '--guest', 'none', '--json', '-']
  if (rows !== undefined) words.push('--rows', rows.join(','))
  if (drivers !== undefined) words.push('--drivers', drivers.join(','))
  for (const [name, value] of Object.entries(options)) words.push(`--${name}`, value)
  const emulator = await prepareGuest(guest)
  stderr.write(`booting ${guest} for ${suite.name}\n`)
  const { stdout, exitCode } = await Lab.run([...program, suite.name, ...words], {
    backend: guest === 'qemu' ? 'qemu' : 'uml',
    memory: '6G',
    timeoutSeconds: MOST_SECONDS,
    env: { ...process.env, BENCH_IN_GUEST: guest, ...(emulator && { BENCH_EMULATOR: named(emulator) }) },
    stderr: 'inherit',
  })
  if (exitCode !== 0) throw new Error(`the bench in the guest ended with code ${exitCode}`)
  return JSON.parse(String(stdout)) as Result
}

/** What the guest boots from comes with `make demo` only in part: here the rest is fetched, once. */
async function prepareGuest(guest: BenchOptions['guest']): Promise<Emulator | undefined> {
  const installer = join(__dirname, '..', '..', 'scripts', 'install-packages.sh')
  const groups = guest === 'qemu' ? ['test', 'lab', 'qemu'] : ['test', 'lab']
  // Standard output is the result's own.
  execFileSync(installer, groups, { stdio: ['ignore', stderr.fd, 'inherit'] })
  if (guest !== 'qemu') return undefined
  if (!hasQemuKernel()) await Lab.fetchKernel({ onProgress })
  // Where processors take turns, nothing runs beside our own work: no compiler of V8, no kernel thread.
  return Lab.fetchQemu({ onProgress }).catch((error: unknown) => {
    if (!(error instanceof LabError) || error.code !== 'ERR_LAB_FETCH') throw error
    onProgress(`one thread emulates all processors: ${error.message}`)
    return findEmulator()
  })
}

function onProgress(text: string): void {
  stderr.write(`${text}\n`)
}

/** Named beside the figures. */
function named({ version, threads }: Emulator): string {
  return `QEMU ${version}, ${threads === 'multi' ? 'a thread a processor' : 'one thread'}`
}

function hasQemuKernel(): boolean {
  try {
    return findQemuKernel(undefined) !== undefined
  } catch {
    return false
  }
}
