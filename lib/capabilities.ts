/** What a kernel, this process and this machine have, what they lack, and how to get it. */
import { access, constants, readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { delimiter, join } from 'node:path'

import { DirectorError, UnsupportedFeatureError } from './errors.js'

export interface Capability {
  readonly available: boolean
  /** A version, a size, a place: whatever there is to say of what is there. */
  readonly detail?: string
  /** Why it is not there. */
  readonly reason?: string
  /** What gets it: mostly a command. */
  readonly remedy?: string
}

export interface Capabilities {
  /** uname -r */
  readonly kernelRelease: string
  /** CAP_NET_ADMIN, in the initial user namespace as IPVS wants it. */
  readonly netAdmin: Capability
  readonly ipvs: Capability
  /** By name; those that the kernel has or can load. Empty without IPVS. */
  readonly schedulers: Readonly<Record<string, Capability>>
  readonly sets: Capability
  /** By name, with the revisions that the kernel speaks. Empty without ipset. */
  readonly setTypes: Readonly<Record<string, Capability>>
  /** The library that `ipvs-director ipset` and `restore` of foreign text go through. */
  readonly libipset: Capability
  readonly conntrack: Capability
  readonly dummyLinks: Capability
  /** Loading socket filters: CAP_BPF or CAP_SYS_ADMIN. */
  readonly bpf: Capability
  readonly iptablesLegacy: Capability
  readonly iptablesNft: Capability
}

/** What a director needs of the kernel. */
export type ForwardingCapabilities = Pick<
  Capabilities,
  'ipvs' | 'schedulers' | 'sets' | 'setTypes' | 'dummyLinks'
>

/** What is asked of the rooms; each rejects with the error that it gives its users. */
export interface CapabilityProbes {
  ipvs(): Promise<string>
  schedulers(): Promise<ReadonlyMap<string, boolean | undefined>>
  setTypes(): Promise<readonly { name: string; oldestRevision: number; newestRevision: number }[]>
  libipset(): string
  sysctl(name: string): Promise<string>
  knowsLinkKind(kind: string): Promise<boolean>
}

const ALL_SET_TYPES = [
  ...['bitmap:ip', 'bitmap:ip,mac', 'bitmap:port', 'hash:ip', 'hash:mac', 'hash:ip,mac', 'hash:ip,mark'],
  ...['hash:ip,port', 'hash:ip,port,ip', 'hash:ip,port,net', 'hash:net', 'hash:net,net', 'hash:net,port'],
  ...['hash:net,port,net', 'hash:net,iface', 'list:set'],
]

const CAP_NET_ADMIN = 12n
const CAP_SYS_ADMIN = 21n
const CAP_BPF = 39n

/** Asks everything. Nothing is changed and no program is run; asking may make the kernel load its own modules. */
export async function readCapabilities(probes: CapabilityProbes): Promise<Capabilities> {
  const capabilities = await effectiveCapabilities()
  return {
    kernelRelease: release(),
    netAdmin: await netAdmin(capabilities),
    ...(await readForwarding(probes)),
    libipset: await attempt(async () => probes.libipset()),
    conntrack: await readConntrack(probes),
    bpf: bpf(capabilities),
    iptablesLegacy: await program('iptables-legacy-restore', 'apt-get install iptables'),
    iptablesNft: await program('iptables-nft-restore', 'apt-get install iptables'),
  }
}

/** The part that costs a few messages only: neither a library nor a folder is looked at. */
export async function readForwarding(
  probes: Pick<CapabilityProbes, 'ipvs' | 'schedulers' | 'setTypes' | 'knowsLinkKind'>,
): Promise<ForwardingCapabilities> {
  const ipvs = await attempt(() => probes.ipvs())
  return {
    ipvs,
    schedulers: ipvs.available ? await readSchedulers(probes) : {},
    ...(await readSetTypes(probes)),
    dummyLinks: await readDummyLinks(probes),
  }
}

/** An answer, or the reason and the remedy that the error brings along. */
async function attempt(ask: () => Promise<string>): Promise<Capability> {
  try {
    return { available: true, detail: await ask() }
  } catch (error) {
    if (!DirectorError.is(error)) throw error
    if (error.code === 'EPERM') {
      return {
        available: false,
        reason: error.message,
        remedy: 'run it as root, for IPVS outside of user namespaces',
      }
    }
    if (!(error instanceof UnsupportedFeatureError)) return { available: false, reason: error.message }
    return { available: false, reason: error.reason, remedy: error.remedy }
  }
}

async function effectiveCapabilities(): Promise<bigint> {
  const status = await readFile('/proc/self/status', 'utf8')
  const [, hexadecimal = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? []
  return BigInt(`0x${hexadecimal}`)
}

function has(capabilities: bigint, bit: bigint): boolean {
  return ((capabilities >> bit) & 1n) === 1n
}

async function netAdmin(capabilities: bigint): Promise<Capability> {
  if (!has(capabilities, CAP_NET_ADMIN)) {
    return { available: false, reason: 'this process has no CAP_NET_ADMIN', remedy: 'run it as root' }
  }
  const map = (await readFile('/proc/self/uid_map', 'utf8')).trim().split(/\s+/)
  // The initial user namespace maps every user to itself.
  if (map.length === 3 && map[0] === '0' && map[1] === '0' && map[2] === '4294967295')
    return { available: true }
  const reason = 'CAP_NET_ADMIN holds in a user namespace only: enough for sets and conntrack, not for IPVS'
  return { available: false, reason, remedy: 'run it as root outside of user namespaces' }
}

function bpf(capabilities: bigint): Capability {
  if (has(capabilities, CAP_BPF) || has(capabilities, CAP_SYS_ADMIN)) return { available: true }
  return {
    available: false,
    reason: 'this process has neither CAP_BPF nor CAP_SYS_ADMIN',
    remedy: 'run it as root',
  }
}

async function readSchedulers(
  probes: Pick<CapabilityProbes, 'schedulers'>,
): Promise<Record<string, Capability>> {
  const answers = await probes.schedulers()
  const entries = [...answers].map(([name, there]): [string, Capability] => {
    if (there === true) return [name, { available: true }]
    if (there === undefined) return [name, { available: false, reason: 'the kernel did not say' }]
    return [name, { available: false, reason: 'not in this kernel', remedy: `modprobe ip_vs_${name}` }]
  })
  return Object.fromEntries(entries)
}

async function readSetTypes(
  probes: Pick<CapabilityProbes, 'setTypes'>,
): Promise<Pick<Capabilities, 'sets' | 'setTypes'>> {
  let types: Awaited<ReturnType<CapabilityProbes['setTypes']>> = []
  const sets = await attempt(async () => {
    types = await probes.setTypes()
    return `${types.length} set types`
  })
  if (!sets.available) return { sets, setTypes: {} }
  const entries = ALL_SET_TYPES.map((name): [string, Capability] => {
    const type = types.find((candidate) => candidate.name === name)
    if (type !== undefined) {
      return [name, { available: true, detail: `revisions ${type.oldestRevision} to ${type.newestRevision}` }]
    }
    const remedy = `modprobe ip_set_${name.replace(':', '_').replaceAll(',', '')}`
    return [name, { available: false, reason: 'not in this kernel', remedy }]
  })
  return { sets, setTypes: Object.fromEntries(entries) }
}

async function readConntrack(probes: CapabilityProbes): Promise<Capability> {
  const read = (name: string) => probes.sysctl(`net.netfilter.nf_conntrack_${name}`)
  // Kernels can be built without counters or timestamps of flows, and track connections all the same.
  const state = (name: string) =>
    read(name).then(
      (value) => (value === '0' ? 'off' : 'on'),
      (error: unknown) => {
        if (DirectorError.is(error) && error.code === 'ENOENT') return 'not in this kernel'
        throw error
      },
    )
  try {
    const max = await read('max')
    const [accounting, timestamps] = await Promise.all([state('acct'), state('timestamp')])
    return {
      available: true,
      detail: `up to ${max} flows, counters ${accounting}, timestamps ${timestamps}`,
    }
  } catch (error) {
    if (!DirectorError.is(error)) throw error
    return { available: false, reason: error.message, remedy: 'modprobe nf_conntrack' }
  }
}

async function readDummyLinks(probes: Pick<CapabilityProbes, 'knowsLinkKind'>): Promise<Capability> {
  try {
    if (await probes.knowsLinkKind('dummy')) return { available: true }
  } catch (error) {
    if (!DirectorError.is(error)) throw error
    if (error.code === 'EPERM') {
      return {
        available: false,
        reason: 'asking for it wants CAP_NET_ADMIN (EPERM)',
        remedy: 'run it as root',
      }
    }
    return { available: false, reason: error.message }
  }
  return { available: false, reason: 'this kernel cannot make dummy links', remedy: 'modprobe dummy' }
}

async function program(name: string, remedy: string): Promise<Capability> {
  for (const folder of `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(delimiter)) {
    const path = join(folder, name)
    try {
      await access(path, constants.X_OK)
      return { available: true, detail: path }
    } catch {
      // Not in this folder.
    }
  }
  return { available: false, reason: `no program ${name} in PATH`, remedy }
}
