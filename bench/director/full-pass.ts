/**
 * kube-proxy's way: at every change a pass over everything, one request a virtual service and a server, one `ipset`
 * process a set entry, one `iptables` process a chain and a jump. What there is a fixed number of is run as it is; of
 * what grows with the cluster a sample is run, and the row says how much: `measuredSeconds` have passed, `seconds`
 * is extrapolated from them. nsenter(1) brings each program into the namespace: two exec(2) a process, where kube-proxy
 * on a host needs one.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

import { resolveOptions } from '../../lib/director/options.js'
import { setRoles, defineSet } from '../../lib/director/state/sets.js'
import type { Family } from '../../lib/index.js'
import type { Measurement } from '../suite.js'
import { inFreshPlace, inProgrammedPlace, startProgrammed, type Place } from './place.js'
import { clusterAddress, endpointAddress, endpointPort, servicePort, type ClusterSize } from './wishes.js'

const execute = promisify(execFile)
const mostSampled = 200
const families: readonly Family[] = ['inet', 'inet6']
const { names } = resolveOptions()

/** How much of what grows a pass has to do. */
interface Work {
  /** Virtual services that are looked up, with their servers. */
  readonly services: number
  /** Entries that are added or removed, one process each. */
  readonly entries: number
  /** Servers that are added or removed. */
  readonly servers: number
}

/** A kind of work, sampled: what was done, of how much, and how long it took. */
interface Sample {
  readonly seconds: number
  readonly done: number
  readonly of: number
}

export function fullColdStart(size: ClusterSize): Promise<Measurement> {
  const { services, endpoints } = size
  return inFreshPlace((place) =>
    pass(
      place,
      size,
      // Cluster IPs twice (the port, and the address on the link), and the endpoints of this node.
      { services, entries: 2 * services + (services * endpoints) / 100, servers: 0 },
      true,
    ),
  )
}

/** A pass over a programmed kernel in which `changes` endpoints are replaced, and `added` services are new. */
export function fullPass(changes: number, added = 0) {
  return (size: ClusterSize): Promise<Measurement> =>
    inProgrammedPlace(size, async (place) => {
      await (await startProgrammed(place, size)).stop()
      const many = Math.min(changes, size.services)
      const work = { services: size.services, entries: 2 * added, servers: 2 * many + added * size.endpoints }
      return pass(place, size, work, false)
    })
}

async function pass(place: Place, size: ClusterSize, work: Work, isFirst: boolean): Promise<Measurement> {
  const cpuBefore = cpuSeconds()
  const started = performance.now()
  const fixed = await sample(1, 1, () => ensureAll(place))
  const samples = [
    fixed,
    await sample(work.services, mostSampled, (nth) => oneService(place, size, nth, isFirst)),
    await sample(work.servers, mostSampled, (nth) => oneServer(place, size, nth)),
    await sample(1, 1, () => listSets(place)),
    await sample(work.entries, mostSampled, (nth) => oneEntry(place, nth)),
    await sample(1, 1, () => restoreRules(place)),
    await sample(1, 1, async () => void (await place.kernel.ipvs.services())),
  ]
  const measuredSeconds = (performance.now() - started) / 1000
  const cpuMeasured = cpuSeconds() - cpuBefore
  await undo(place, isFirst)
  const seconds = samples.reduce((sum, { seconds: taken, done, of }) => sum + (taken * of) / (done || 1), 0)
  // CPU time is known for the whole only, and is taken to grow as the wall time does.
  const cpuMs = (cpuMeasured * 1000 * seconds) / measuredSeconds
  return {
    seconds,
    operations: 1,
    figures: {
      cpuMsMedian: cpuMs,
      cpuMsP99: cpuMs,
      measuredSeconds,
      sampledServices: samples[1]?.done ?? 0,
      sampledEntries: samples[4]?.done ?? 0,
    },
  }
}

async function sample(of: number, most: number, work: (nth: number) => Promise<void>): Promise<Sample> {
  const done = Math.min(Math.floor(of), most)
  const started = performance.now()
  for (let nth = 0; nth < done; nth++) await work(nth)
  return { seconds: (performance.now() - started) / 1000, done, of }
}

const chains: Readonly<Record<string, readonly string[]>> = {
  nat: ['SERVICES', 'POSTROUTING', 'NODE-PORT', 'LOAD-BALANCER', 'MARK-MASQ'],
  filter: [
    'FORWARD',
    'NODE-PORT',
    'PROXY-FIREWALL',
    'SOURCE-RANGES-FIREWALL',
    'IPVS-FILTER',
    'IPVS-OUT-FILTER',
  ],
}
const jumps = [
  ['nat', 'OUTPUT', 'SERVICES'],
  ['nat', 'PREROUTING', 'SERVICES'],
  ['nat', 'POSTROUTING', 'POSTROUTING'],
  ['filter', 'FORWARD', 'FORWARD'],
  ['filter', 'INPUT', 'NODE-PORT'],
  ['filter', 'INPUT', 'PROXY-FIREWALL'],
  ['filter', 'FORWARD', 'PROXY-FIREWALL'],
  ['filter', 'INPUT', 'IPVS-FILTER'],
  ['filter', 'OUTPUT', 'IPVS-OUT-FILTER'],
] as const

/** Chains, jumps, the link and the sets: asked for in every pass, there or not. */
async function ensureAll(place: Place): Promise<void> {
  for (const family of families) {
    for (const [table, roles] of Object.entries(chains)) {
      for (const role of roles) await iptables(place, family, ['-t', table, '-N', `KUBE-${role}`])
    }
    for (const [table, from, to] of jumps) {
      const rule = [from, '-m', 'comment', '--comment', `to ${to}`, '-j', `KUBE-${to}`]
      if (await iptables(place, family, ['-t', table, '-C', ...rule])) continue
      await iptables(place, family, ['-t', table, '-I', ...rule])
    }
  }
  await place.kernel.links.createDummy(names.link, { ifExists: 'keep' })
  for (const { name, type, family } of allSets()) {
    const options = type === 'bitmap:port' ? ['range', '0-65535'] : ['family', family, 'maxelem', '65536']
    await run(place, 'ipset', ['create', name, type, ...options, '-exist'])
  }
  await place.kernel.links.addresses()
}

function allSets() {
  return families.flatMap((family) =>
    setRoles.map((role) => defineSet(role, family, names.set(role, family), 65536)),
  )
}

/** Looked up, made where it is missing, its servers read and made one at a time. */
async function oneService(place: Place, size: ClusterSize, nth: number, isFirst: boolean): Promise<void> {
  const { ipvs, links } = place.kernel
  const key = { protocol: 'tcp', address: clusterAddress(nth), port: servicePort } as const
  if ((await ipvs.service(key)) === undefined) await ipvs.addService({ ...key, scheduler: 'rr' })
  if (isFirst) await links.addAddress(names.link, key.address)
  const present = new Set((await ipvs.servers(key)).map(({ address }) => address))
  for (let server = 0; server < size.endpoints; server++) {
    const address = endpointAddress(size, nth * size.endpoints + server)
    if (!present.has(address)) await ipvs.addServer(key, { address, port: endpointPort })
  }
}

/** In turn one that comes and one that goes. */
async function oneServer({ kernel: { ipvs } }: Place, size: ClusterSize, nth: number): Promise<void> {
  const key = { protocol: 'tcp', address: clusterAddress(nth >> 1), port: servicePort } as const
  const server = { address: endpointAddress(size, nth >> 1, 9), port: endpointPort }
  if (nth % 2 === 0) await ipvs.addServer(key, server)
  else await ipvs.removeServer(key, server)
}

async function listSets(place: Place): Promise<void> {
  for (const { name } of allSets()) await run(place, 'ipset', ['list', name])
}

async function oneEntry(place: Place, nth: number): Promise<void> {
  await run(place, 'ipset', [
    'add',
    names.set('EXTERNAL-IP', 'inet'),
    `198.18.0.${nth % 256},tcp:1`,
    '-exist',
  ])
}

/** A restore of about the size of kube-proxy's: its rules do not grow with the services. */
async function restoreRules(place: Place): Promise<void> {
  for (const family of families) {
    const lines = Object.entries(chains).flatMap(([table, roles]) => [
      `*${table}`,
      ...roles.map((role) => `:BENCH-${role} - [0:0]`),
      ...roles.flatMap((role) =>
        Array.from({ length: 3 }, () => `-A BENCH-${role} -m mark --mark 0x4000/0x4000`),
      ),
      'COMMIT',
    ])
    await run(
      place,
      `${await programOf(place, family)}-restore`,
      ['-w', '5', '--noflush', '--counters'],
      `${lines.join('\n')}\n`,
    )
  }
}

/** Leaves a programmed kernel as it was found; a fresh one is thrown away. */
async function undo({ kernel }: Place, isFirst: boolean): Promise<void> {
  if (!isFirst) await kernel.sets.flush(names.set('EXTERNAL-IP', 'inet'))
}

/** Whether the program was content: a chain that is there, or a jump that is not, is an answer too. */
async function iptables(place: Place, family: Family, words: readonly string[]): Promise<boolean> {
  return run(place, await programOf(place, family), ['-w', '5', ...words]).then(
    () => true,
    (error: unknown) => {
      if ((error as { code?: unknown }).code === 1) return false
      throw error
    },
  )
}

const programs = new Map<Family, Promise<string>>()

/** The host's own variant, or the other where its kernel does not know that one. */
function programOf(place: Place, family: Family): Promise<string> {
  const known = programs.get(family)
  if (known !== undefined) return known
  const base = family === 'inet' ? 'iptables' : 'ip6tables'
  const found = run(place, base, ['-w', '5', '-t', 'nat', '-S']).then(
    () => base,
    () => `${base}-legacy`,
  )
  programs.set(family, found)
  return found
}

async function run({ netns }: Place, program: string, words: readonly string[], input = ''): Promise<void> {
  const child = execute('nsenter', [`--net=${netns}`, '--', program, ...words], { maxBuffer: 1 << 27 })
  // A program that ends early closes its input; its exit code says why.
  child.child.stdin?.on('error', () => undefined)
  child.child.stdin?.end(input)
  await child
}

/** Of this process and all it has waited for, kernel time apart. */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  // utime and cutime, in ticks of a hundredth of a second: proc(5), fields 14 and 16.
  return (Number(fields[11]) + Number(fields[13])) / 100
}
