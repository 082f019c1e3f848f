/** The tables of test/conformance against a real kernel, read back by ipvsadm, ipset, iptables-save and ip. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, before } from 'node:test'
import {
  type DataPlane,
  Director,
  type DirectorSettings,
  KernelPlane,
  openKernel,
  type Kernel,
} from '../../lib/index.js'
import { resolveOptions } from '../../lib/director/options.js'
import { checkPicture } from '../conformance/check.js'
import { readKernel } from '../conformance/read-kernel.js'
import { defaultFacts, defaultOptions, type Row } from '../conformance/row.js'
import { follow } from '../conformance/follow.js'
import { sequences } from '../conformance/sequences.js'
import { rows } from '../conformance/rows.js'
import { MOSTLY_ELSEWHERE } from '../support/lab-kernel.js'

/** Why only some rows are checked on this kernel; not set where all are. */
const elsewhere = process.env[MOSTLY_ELSEWHERE]
/** One of so many is checked all the same. */
const oneOf = 10

function chosen<T>(all: readonly T[]): readonly T[] {
  return elsewhere === undefined ? all : all.filter((_, index) => index % oneOf === 0)
}

let kernel: Kernel

/** What rows set here goes into each namespace that is made later (servers there would no longer answer ARP), or lasts. */
const inherited = [
  ...['net.ipv4.conf.all.arp_ignore', 'net.ipv4.conf.all.arp_announce'],
  ...['tcp_timeout_established', 'tcp_timeout_close_wait', 'tcp_be_liberal', 'udp_timeout_stream'].map(
    (name) => `net.netfilter.nf_conntrack_${name}`,
  ),
]
const found = new Map<string, string>()

before(async () => {
  kernel = await openKernel()
  // Where conntrack is a module, its settings come with it: the first question loads it.
  await kernel.conntrack.count()
  for (const name of inherited) found.set(name, await kernel.sysctls.get(name))
})
after(async () => {
  for (const [name, value] of found) await kernel.sysctls.set(name, value)
  await kernel.close()
})

/** By options: most rows have the same, and a plane finds out once which iptables works. */
const planes = new Map<string, KernelPlane>()

/** The real kernel, but for the facts of the node, which are the row's. */
function planeFor(row: Row): DataPlane {
  const facts = { ...defaultFacts, ...row.facts }
  const options = row.options ?? defaultOptions
  const key = JSON.stringify(options)
  const plane = planes.get(key) ?? new KernelPlane(kernel, resolveOptions(options))
  planes.set(key, plane)
  return {
    facts: async () => facts,
    observe: (planned) => plane.observe(planned),
    make: (changes, planned) => plane.make(changes, planned),
    connections: (servers) => plane.connections(servers),
    close: () => plane.close(),
  }
}

/** Each row starts from what the row before it left: the way there is tested too. */
for (const row of chosen(rows)) {
  test(row.name, async () => {
    const director = new Director(planeFor(row), settingsOf(row))
    for (const slice of row.desired.endpointSlices ?? []) director.upsertEndpointSlice(slice)
    for (const service of row.desired.services ?? []) director.upsertService(service)
    for (const service of row.desired.virtualServices ?? []) director.upsertVirtualService(service)
    const { failed } = await director.sync()
    assert.deepEqual(
      failed.map(({ error }) => error.message),
      [],
    )
    // Servers of the row before have no connections, and are gone with the first look.
    await director.checkDrains()
    const { prefix = 'KUBE-', families = ['inet', 'inet6'] } = settingsOf(row)
    const settings = Object.keys(row.expect.sysctls ?? {})
    checkPicture(row, readKernel(`${prefix.toLowerCase()}ipvs0`, families, settings))
    assert.equal(String(await director.plan()), '', 'nothing is left to do')
    await director.stop()
    if (row.options !== undefined) await director.cleanup()
  })
}

for (const sequence of chosen(sequences)) {
  test(`in turn: ${sequence.name}`, async () => {
    const director = new Director(kernel, { ...defaultOptions, nodeName: 'test-node' })
    await follow(director, sequence, () => readKernel('kube-ipvs0', ['inet']).services)
    await director.stop()
  })
}

if (elsewhere !== undefined) {
  const left = rows.length + sequences.length - chosen(rows).length - chosen(sequences).length
  test(`${left} more rows and sequences`, { skip: elsewhere })
}

test('cleaning up leaves nothing behind', async () => {
  for (const prefix of ['KUBE-', 'LU-']) await new Director(kernel, { prefix }).cleanup()
  assert.equal(execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }), '')
  assert.equal(execFileSync('ipset', ['save'], { encoding: 'utf8' }), '')
  for (const program of ['iptables-save', 'ip6tables-save']) {
    assert.doesNotMatch(execFileSync(program, { encoding: 'utf8' }), /KUBE-|LU-/)
  }
  assert.doesNotMatch(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }), /ipvs0/)
})

function settingsOf(row: Row): DirectorSettings {
  return { ...(row.options ?? defaultOptions), nodeName: 'test-node' }
}
