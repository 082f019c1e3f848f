/** What the machine's own kernel is said to have, held against what it does. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { release } from 'node:os'
import test from 'node:test'

import { capabilitiesOf, doctor, WITHOUT_NET_ADMIN } from '../support/doctor.js'
import { skipWithoutNamespaces, withKernel, withNamespace } from '../support/namespace.js'

test('capabilities agree with what the rooms do', { skip: skipWithoutNamespaces }, () =>
  withKernel(async (kernel) => {
    const capabilities = await kernel.capabilities()
    assert.equal(capabilities.kernelRelease, release())
    assert.equal(capabilities.netAdmin.available, true)
    const ipvs = await kernel.ipvs.info().then(
      () => true,
      () => false,
    )
    assert.equal(capabilities.ipvs.available, ipvs)
    if (!ipvs) assert.match(String(capabilities.ipvs.remedy), /modprobe ip_vs/)
    const types = (await kernel.sets.types()).map(({ name }): string => name)
    for (const [name, { available, remedy }] of Object.entries(capabilities.setTypes)) {
      assert.equal(available, types.includes(name), name)
      assert.equal(remedy === undefined, available, name)
    }
    assert.equal(capabilities.conntrack.available, existsSync('/proc/sys/net/netfilter/nf_conntrack_max'))
    const made = await kernel.links.createDummy('d0').then(
      () => true,
      () => false,
    )
    assert.equal(capabilities.dummyLinks.available, made)
    assert.doesNotThrow(() => JSON.stringify(capabilities))
  }),
)

const ESSENTIALS = ['netAdmin', 'ipvs', 'sets', 'conntrack'] as const

test(
  'doctor says as JSON what the library says, and by its exit code whether anything essential is missing',
  {
    skip: skipWithoutNamespaces,
  },
  () =>
    withKernel(async (kernel, { path }) => {
      const run = await doctor(['--netns', path, '--json'])
      const capabilities = await kernel.capabilities()
      assert.deepEqual(capabilitiesOf(run), JSON.parse(JSON.stringify(capabilities)))
      assert.equal(run.exitCode, ESSENTIALS.every((name) => capabilities[name].available) ? 0 : 3)
      assert.equal(run.stderr, '')
    }),
)

test(
  'doctor prints a line for each thing, and the remedy of what is missing',
  { skip: skipWithoutNamespaces },
  () =>
    withNamespace(async ({ path }) => {
      const { exitCode, stdout } = await doctor(['--netns', path], WITHOUT_NET_ADMIN)
      const lines = stdout.trimEnd().split('\n')
      assert.equal(exitCode, 3)
      assert.equal(lines.shift(), `kernel ${release()}`)
      for (const line of lines) assert.match(line, /^(yes|no ) {2}\S/)
      assert.match(stdout, /^no {3}CAP_NET_ADMIN: .*→ run it as root$/m)
      assert.match(stdout, /^no {3}IP sets: .*CAP_NET_ADMIN.*→ run it as root/m)
      assert.match(stdout, /^no {3}dummy links: .*CAP_NET_ADMIN.*→ run it as root/m)
      for (const title of ['IPVS', 'libipset', 'conntrack', 'eBPF filters', 'iptables (nft)']) {
        assert.ok(
          lines.some((line) => line.slice(5).split(':')[0] === title),
          title,
        )
      }
    }),
)

test('doctor in a namespace that does not exist is an error in one line', async () => {
  const { exitCode, stdout, stderr } = await doctor(['--netns', '/run/netns/no-such-namespace'])
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.match(stderr, /^ipvs-director: .*\/run\/netns\/no-such-namespace.*\(ENOENT\)\n$/)
})
