/** The director on a real kernel when things go wrong: killed half way, meddled with, refused, out of room. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { release } from 'node:os'
import { join } from 'node:path'
import test, { after, afterEach, before } from 'node:test'
import { Batch, Director, type DirectorSettings, openKernel, type Kernel } from '../../lib/index.js'
import { service, slice } from '../conformance/row.js'
import { wish } from '../support/director-victim.js'

const settings: DirectorSettings = { families: ['inet'], nodeName: 'test-node', drainTimeoutSeconds: 0 }
/** Each costs the start of a process, seconds in the slow guest of the older kernel. */
const slowGuest = Number.parseInt(release(), 10) < 7
const kills = Number(process.env['DIRECTOR_KILLS'] ?? (slowGuest ? 10 : 50))

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => new Director(kernel, settings).cleanup())
after(() => kernel.close())

test(`killed ${kills} times at random points, the next director converges`, async () => {
  for (let count = 0; count < kills; count++) {
    const victim = fork(join(__dirname, '..', 'support', 'director-victim.js'), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await said(victim, 'ready')
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400))
    const gone = new Promise((resolve) => victim.once('exit', resolve))
    victim.kill('SIGKILL')
    await gone
    const director = new Director(kernel, settings)
    const variant = count % 2
    wish(director, variant)
    assert.deepEqual((await director.sync()).failed, [])
    assert.equal(String(await director.plan()), '', `after kill ${count + 1}`)
    await director.stop()
  }
})

test('random edits by other tools between two passes are seen and repaired', async () => {
  const director = new Director(kernel, settings)
  wish(director, 0)
  await director.sync()
  const edits: (readonly [string, ...string[]])[] = [
    ['ipvsadm', '-D', '-t', '10.96.0.1:80'],
    ['ipvsadm', '-A', '-t', '203.0.113.9:80', '-s', 'wlc'],
    ['ipvsadm', '-e', '-t', '10.96.0.2:80', '-r', '10.180.2.1:80', '-m', '-w', '7'],
    ['ipvsadm', '-E', '-t', '10.96.0.5:80', '-s', 'sh'],
    ['ipset', 'flush', 'KUBE-CLUSTER-IP'],
    ['ipset', 'add', 'KUBE-IPVS-IPS', '203.0.113.9'],
    ['iptables', '-t', 'nat', '-F', 'KUBE-SERVICES'],
    [
      'iptables',
      '-D',
      'INPUT',
      '-m',
      'comment',
      '--comment',
      'kubernetes ipvs access filter',
      '-j',
      'KUBE-IPVS-FILTER',
    ],
    ['ip', 'address', 'del', '10.96.0.4/32', 'dev', 'kube-ipvs0'],
    ['ip', 'link', 'del', 'kube-ipvs0'],
    ['sysctl', '-q', '-w', 'net.ipv4.vs.conntrack=0'],
  ]
  for (const [program, ...args] of edits) {
    execFileSync(program, args)
    const { drift, failed } = await director.sync({ full: true })
    assert.deepEqual(failed, [], args.join(' '))
    assert.ok(drift.length > 0, args.join(' '))
    assert.equal(String(await director.plan()), '', args.join(' '))
  }
  await director.stop()
})

test('a set filled to its last entry is replaced by a larger one, under the rules that match it', async () => {
  const director = new Director(kernel, { ...settings, maxElements: 64 })
  for (let index = 0; index < 64; index++)
    director.upsertService(service({ name: `s${index}`, clusterIP: `10.97.0.${index}` }))
  await director.sync()
  const { maxelem, entries } = await kernel.sets.header('KUBE-CLUSTER-IP')
  assert.deepEqual([maxelem, entries], [64, 64])
  for (let index = 64; index < 100; index++)
    director.upsertService(service({ name: `s${index}`, clusterIP: `10.97.0.${index}` }))
  assert.deepEqual((await director.sync()).failed, [])
  const grown = await kernel.sets.header('KUBE-CLUSTER-IP')
  assert.deepEqual([grown.maxelem, grown.entries], [128, 100])
  assert.equal(String(await director.plan()), '')
  await director.stop()
})

test('a scheduler that the kernel does not have fails its service alone', async () => {
  const director = new Director(kernel, settings)
  director.upsertService(service({ annotations: { 'ipvs-director.io/scheduler': 'nosuch' } }))
  director.upsertService(service({ name: 'other', clusterIP: '10.96.9.9' }))
  const { failed } = await director.sync()
  assert.ok(failed.length > 0)
  assert.deepEqual([...director.status().troubled.keys()], ['ns/svc'])
  const saved = execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' })
  assert.match(saved, /10\.96\.9\.9:80/)
  assert.doesNotMatch(
    execFileSync('ip', ['-o', 'address', 'show', 'kube-ipvs0'], { encoding: 'utf8' }),
    /10\.20\.30\.41/,
  )
  director.upsertService(service({ annotations: {} }))
  assert.deepEqual((await director.sync()).failed, [])
  assert.equal(director.status().troubled.size, 0)
  await director.stop()
})

test('while iptables-restore fails, services are programmed; rules follow when it works again', async () => {
  const path = process.env['PATH'] ?? ''
  const director = new Director(kernel, settings)
  wish(director, 0)
  await director.sync()
  execFileSync('iptables', ['-t', 'nat', '-N', 'FOREIGN'])
  // Somebody jumps to a chain that a later pass wants to rewrite: no trouble. Without the program there is.
  process.env['PATH'] = '/nonexistent'
  director.upsertEndpointSlice(slice([{ at: '10.180.1.9', local: true }], { of: 'svc1' }))
  const { failed } = await director.sync()
  process.env['PATH'] = path
  assert.ok(failed.every(({ change }) => change.type === 'writeRules'))
  assert.ok(failed.length > 0)
  assert.match(execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }), /10\.180\.1\.9:80/)
  assert.deepEqual((await director.sync({ full: true })).failed, [])
  assert.match(execFileSync('iptables-save', { encoding: 'utf8' }), /--match-set KUBE-LOOP-BACK/)
  execFileSync('iptables', ['-t', 'nat', '-X', 'FOREIGN'])
  await director.stop()
})

test('services and sets of others are left alone by a director with a prefix of its own, and by its cleanup', async () => {
  await kernel.commit(
    new Batch().addService({ protocol: 'tcp', address: '203.0.113.9', port: 80, scheduler: 'rr' }),
  )
  await kernel.sets.create('FOREIGN', 'hash:ip', {})
  const director = new Director(kernel, { ...settings, prefix: 'LU-' })
  wish(director, 0)
  await director.sync()
  await director.cleanup()
  assert.deepEqual(
    (await kernel.ipvs.services()).map((one) => ('address' in one ? one.address : '')),
    ['203.0.113.9'],
  )
  assert.deepEqual(
    (await kernel.sets.list()).map(({ name }) => name),
    ['FOREIGN'],
  )
  await kernel.sets.destroy('FOREIGN')
  await kernel.ipvs.flush()
})

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === word) resolve()
    })
    child.once('exit', () => reject(new Error('the victim ended by itself')))
  })
}
