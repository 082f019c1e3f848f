/** Runs `ipvs-director doctor` as a program of its own. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { execPath } from 'node:process'
import type { Capabilities } from '../../lib/index.js'

/** Root without this one capability; files stay as readable as before. */
export const WITHOUT_NET_ADMIN = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', '--']

const main = join(__dirname, '..', '..', 'lib', 'cli', 'main.js')

export interface DoctorRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** `through` is a command that starts the program. */
export function doctor(words: readonly string[], through: readonly string[] = []): Promise<DoctorRun> {
  const [program = execPath, ...args] = [...through, execPath, main, 'doctor', ...words]
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) => {
      resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

export function capabilitiesOf({ stdout }: DoctorRun): Capabilities {
  return JSON.parse(stdout) as Capabilities
}
