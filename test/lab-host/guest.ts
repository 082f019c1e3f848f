/** What the tests of this folder share: the kernel, and a look at the host for traces of guests. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type LabOptions } from '../../lib/lab/index.js'
import { betterKernel, defaultKernel } from '../support/lab-kernel.js'

/** The quicker kernel where there is one: these tests are about the launcher. Ample time, so that a hang is an error. */
const better = betterKernel()
export const guest: LabOptions = {
  kernel: 'file' in better ? better.file : defaultKernel,
  memory: '512M',
  timeoutSeconds: 120,
}

// A temporary folder of our own: other guests may be running on this machine.
const temporary = mkdtempSync(join(tmpdir(), 'lab-host-'))
process.env['TMPDIR'] = temporary
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))

/** Names of the run folders of launchers in the temporary folder. */
export function runFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('ipvs-director-lab-'))
}

/** Processes of this machine (no zombies) that have `text` on their command line. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLine(pid).includes(text) && state(pid) !== 'Z')
}

/** Waits until `condition` holds. The test's own time limit is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(50)
}

function commandLine(pid: number): string {
  return readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

function state(pid: number): string {
  return /\) (\w)/.exec(readIfThere(`/proc/${pid}/stat`))?.[1] ?? 'Z'
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
