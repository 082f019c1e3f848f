/** Programs that the lab needs, and Debian's packages that have them. */
import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'

export interface Requirement {
  readonly program: string
  readonly package: string
}

function programs(text: string): Requirement[] {
  return text.split(/\s+/).map((word) => {
    const [program = '', name = program] = word.split(':')
    return { program, package: name }
  })
}

/** Written `program` or `program:package`. */
export const guestPrograms = programs(
  'bash setpriv:util-linux mount stty:coreutils ip:iproute2 modprobe:kmod sysctl:procps',
)
export const usefulPrograms = programs('ipvsadm ipset iptables conntrack nft:nftables tcpdump curl')
export const qemuPrograms = programs('qemu-system-x86_64:qemu-system-x86 busybox:busybox-static xz:xz-utils')
const buildPrograms = programs(
  'gcc make flex bison bc pahole:dwarves xz:xz-utils strip:binutils dpkg-deb:dpkg',
)
/** A library has no program to look for, but a header. */
const buildHeaders = [{ file: '/usr/include/libelf.h', package: 'libelf-dev' }]

export const buildPackages: readonly string[] = [
  ...new Set([...buildPrograms, ...buildHeaders].map((requirement) => requirement.package)),
]

/** The program's file, looked for where root would find it, too. */
export function findProgram(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

export function missingBuildPackages(): string[] {
  const missing = buildPrograms.filter(({ program }) => findProgram(program) === undefined)
  const absent = buildHeaders.filter(({ file }) => !existsSync(file))
  return [...new Set([...missing, ...absent].map((requirement) => requirement.package))]
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
