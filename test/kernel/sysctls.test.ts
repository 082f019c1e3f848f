import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'

import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'

test('a setting is the namespace’s own, and the machine’s stays as it was', { skip }, () =>
  withKernel(async (kernel) => {
    const machine = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')
    const other = machine.trim() === '1' ? 0 : 1
    await kernel.sysctls.set('net.ipv4.ip_forward', other)
    assert.equal(await kernel.sysctls.get('net.ipv4.ip_forward'), String(other))
    assert.equal(await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8'), machine)
  }),
)

test('names of links with dots are written with slashes, as sysctl(8) has it', { skip }, () =>
  withKernel(async (kernel, { ip }) => {
    await ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v.1')
    await kernel.sysctls.set('net.ipv4.conf.v/1.forwarding', 1)
    assert.equal(await kernel.sysctls.get('net.ipv4.conf.v/1.forwarding'), '1')
    const names = await kernel.sysctls.list('net.ipv4.conf')
    assert.ok(names.includes('net.ipv4.conf.v/1.forwarding'))
  }),
)

test('the listing shows the links of the namespace, not those of the machine', { skip }, () =>
  withKernel(async (kernel, { ip }) => {
    await ip('link', 'add', 'only-here', 'type', 'veth', 'peer', 'name', 'v1')
    const names = await kernel.sysctls.list('net.ipv4.conf.only-here')
    assert.ok(names.includes('net.ipv4.conf.only-here.rp_filter'))
    assert.deepEqual(await kernel.sysctls.list('net.ipv4.ip_forward'), ['net.ipv4.ip_forward'])
    await assert.rejects(kernel.sysctls.list('net.ipv4.conf.missing'), { code: 'ENOENT' })
  }),
)

test('what the kernel refuses is told with its reason', { skip }, () =>
  withKernel(async (kernel) => {
    await assert.rejects(kernel.sysctls.get('net.ipv4.no_such_thing'), { code: 'ENOENT' })
    await assert.rejects(kernel.sysctls.get('net.ipv4'), { code: 'EISDIR' })
    await assert.rejects(kernel.sysctls.set('net.ipv4.ip_forward', 'perhaps'), { code: 'EINVAL' })
    await assert.rejects(kernel.sysctls.set('net.netfilter.nf_conntrack_count', 1), { code: 'EACCES' })
  }),
)

test('several settings are reported one by one', { skip }, () =>
  withKernel(async (kernel) => {
    const report = await kernel.sysctls.setAll({
      'net.ipv4.ip_forward': 1,
      'net.ipv4.no_such_thing': 1,
      'net.ipv4.conf.lo.arp_ignore': 1,
    })
    assert.deepEqual(report.applied, ['net.ipv4.ip_forward', 'net.ipv4.conf.lo.arp_ignore'])
    assert.deepEqual(
      report.failed.map(({ name, error }) => [name, error.code]),
      [['net.ipv4.no_such_thing', 'ENOENT']],
    )
  }),
)
