/** What this machine has of what the lab needs. Looks only; starts nothing and changes nothing. */
import { statfsSync } from 'node:fs'
import { existsSync } from 'node:fs'
import { LabError } from './errors.js'
import { findUmlKernel } from './kernels.js'
import { fileServers, findQemuKernel } from './qemu/kernels.js'
import {
  findProgram,
  guestPrograms,
  missingBuildPackages,
  qemuPrograms,
  usefulPrograms,
  type Requirement,
} from './requirements.js'
import { insideLab } from './run.js'

/** What needs it: `uml` and `qemu` guests, `tools` inside them, `build` for `build-kernel`. */
export type LabPurpose = 'uml' | 'qemu' | 'tools' | 'build'

export interface LabCheck {
  readonly purpose: LabPurpose
  readonly name: string
  readonly ok: boolean
  /** What was found, or what is wrong. */
  readonly detail: string
  /** Debian packages that would help. */
  readonly packages: readonly string[]
}

export interface LabReport {
  /** A UML guest can be started, as far as looking can tell. */
  readonly ready: boolean
  readonly checks: readonly LabCheck[]
  /** The command that installs every package missing, where one is. */
  readonly command: string | undefined
}

export function examineLab(): LabReport {
  const checks = [
    ...umlChecks(),
    ...usefulPrograms.map((needed) => programCheck('tools', needed)),
    ...qemuChecks(),
    buildCheck(),
  ]
  const packages = [...new Set(checks.flatMap((check) => check.packages))].sort()
  return {
    ready: checks.every(({ purpose, ok }) => purpose !== 'uml' || ok),
    checks,
    command:
      packages.length === 0 ? undefined : `apt-get install --no-install-recommends ${packages.join(' ')}`,
  }
}

function umlChecks(): LabCheck[] {
  const supported = process.platform === 'linux' && process.arch === 'x64'
  return [
    check('uml', 'machine', supported, `${process.platform} on ${process.arch}`),
    check('uml', 'not a guest itself', !insideLab(), insideLab() ? 'guests cannot be nested' : 'yes'),
    kernelCheck('uml', () => findUmlKernel(undefined).file, ['user-mode-linux']),
    memoryCheck(),
    ...guestPrograms.map((needed) => programCheck('uml', needed)),
  ]
}

function qemuChecks(): LabCheck[] {
  const root = process.getuid?.() === 0
  const server = fileServers.find((file) => existsSync(file))
  return [
    ...qemuPrograms.map((needed) => programCheck('qemu', needed)),
    check('qemu', 'virtiofsd', server !== undefined, server ?? 'not installed', ['qemu-system-common']),
    check('qemu', 'root', root, root ? 'yes' : 'virtiofsd needs it'),
    kernelCheck('qemu', () => findQemuKernel(undefined).folder, []),
  ]
}

function buildCheck(): LabCheck {
  const missing = missingBuildPackages()
  const detail = missing.length === 0 ? 'all there' : `missing: ${missing.join(' ')}`
  return check('build', 'compiler and tools', missing.length === 0, detail, missing)
}

function memoryCheck(): LabCheck {
  const { bavail, bsize } = statfsSync(existsSync('/dev/shm') ? '/dev/shm' : '/tmp')
  const mebibytes = Math.floor((bavail * bsize) / 2 ** 20)
  return check('uml', 'memory for guests', mebibytes >= 128, `${mebibytes} MiB free in shared memory`)
}

function kernelCheck(purpose: LabPurpose, find: () => string, packages: readonly string[]): LabCheck {
  try {
    return check(purpose, 'kernel', true, find())
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return check(purpose, 'kernel', false, error.message, packages)
  }
}

function programCheck(purpose: LabPurpose, needed: Requirement): LabCheck {
  const file = findProgram(needed.program)
  return check(purpose, needed.program, file !== undefined, file ?? 'not installed', [needed.package])
}

/** `packages` help where the check fails. */
function check(
  purpose: LabPurpose,
  name: string,
  ok: boolean,
  detail: string,
  packages: readonly string[] = [],
): LabCheck {
  return { purpose, name, ok, detail, packages: ok ? [] : packages }
}
