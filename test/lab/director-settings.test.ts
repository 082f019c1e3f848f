/** The director's settings on a real kernel: seen by the tools of others, put right when others change them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, before } from 'node:test'
import { describeChange, Director, openKernel, type Kernel } from '../../lib/index.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
after(() => kernel.close())

const timeouts = (): string => execFileSync('ipvsadm', ['-L', '--timeout'], { encoding: 'utf8' }).trim()
const sysctl = (name: string): string => execFileSync('sysctl', ['-n', name], { encoding: 'utf8' }).trim()

test('timeouts are planned, left alone by a dry run, set, and put right when others change them', async () => {
  const director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    timeouts: { tcpSeconds: 77, udpSeconds: 55 },
  })
  execFileSync('ipvsadm', ['--set', '900', '120', '300'])
  const line = '~ timeouts tcpSeconds 77 udpSeconds 55'
  assert.ok(
    String(await director.plan())
      .split('\n')
      .includes(line),
  )
  assert.equal(timeouts(), 'Timeout (tcp tcpfin udp): 900 120 300')
  assert.deepEqual((await director.sync()).failed, [])
  assert.equal(timeouts(), 'Timeout (tcp tcpfin udp): 77 120 55')
  execFileSync('ipvsadm', ['--set', '900', '120', '300'])
  const { drift } = await director.sync({ full: true })
  assert.deepEqual(drift.map(describeChange), [line])
  assert.equal(timeouts(), 'Timeout (tcp tcpfin udp): 77 120 55')
  await director.cleanup()
  execFileSync('ipvsadm', ['--set', '900', '120', '300'])
})

test('every planned setting has its planned value in the kernel afterwards', async () => {
  const director = new Director(kernel, { families: ['inet'], nodeName: 'test-node', strictArp: true })
  const names = [
    'net.ipv4.vs.conntrack',
    'net.ipv4.vs.expire_nodest_conn',
    'net.ipv4.vs.expire_quiescent_template',
    'net.ipv4.ip_forward',
    'net.ipv4.conf.all.arp_ignore',
    'net.ipv4.conf.all.arp_announce',
  ]
  const before = new Map(names.map((name) => [name, sysctl(name)]))
  for (const name of names) execFileSync('sysctl', ['-q', '-w', `${name}=0`])
  assert.deepEqual((await director.sync()).failed, [])
  const values = Object.fromEntries(names.map((name) => [name, sysctl(name)]))
  assert.deepEqual(values, {
    'net.ipv4.vs.conntrack': '1',
    'net.ipv4.vs.expire_nodest_conn': '1',
    'net.ipv4.vs.expire_quiescent_template': '1',
    'net.ipv4.ip_forward': '1',
    'net.ipv4.conf.all.arp_ignore': '1',
    'net.ipv4.conf.all.arp_announce': '2',
  })
  await director.cleanup()
  for (const [name, value] of before) execFileSync('sysctl', ['-q', '-w', `${name}=${value}`])
})

test('settings of conntrack are left alone by a dry run, set, and put right; more buckets than asked for are fine', async () => {
  const names = ['max', 'buckets', 'udp_timeout'].map((name) => `net.netfilter.nf_conntrack_${name}`)
  const [max = '', buckets = '', udp = ''] = names
  const before = new Map(names.map((name) => [name, sysctl(name)]))
  const more = Number(before.get(buckets)) + 1000
  const director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    conntrack: { maxPerCore: 1, min: 4 * more, udpSeconds: 31 },
  })
  const wanted = [`~ sysctl ${max} = ${4 * more}`, `~ sysctl ${buckets} = ${more}`, `~ sysctl ${udp} = 31`]
  const plannedLines = String(await director.plan()).split('\n')
  assert.deepEqual(
    plannedLines.filter((line) => line.includes('nf_conntrack')),
    wanted,
  )
  assert.equal(sysctl(max), before.get(max))
  assert.deepEqual((await director.sync()).failed, [])
  assert.equal(sysctl(max), String(4 * more))
  assert.equal(sysctl(udp), '31')
  // The kernel rounded it up.
  assert.ok(Number(sysctl(buckets)) > more)
  execFileSync('sysctl', ['-q', '-w', `${udp}=77`])
  const { drift } = await director.sync({ full: true })
  assert.deepEqual(drift.map(describeChange), [`~ sysctl ${udp} = 31`])
  await director.cleanup()
  for (const [name, value] of before) execFileSync('sysctl', ['-q', '-w', `${name}=${value}`])
})
