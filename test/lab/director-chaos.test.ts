/** The director on a real kernel when things go wrong: killed half way, meddled with, refused, out of room. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { release } from 'node:os'
import { join } from 'node:path'
import test, { after, afterEach, before } from 'node:test'
import { Batch, Director, type DirectorSettings, openKernel, type Kernel } from '../../lib/index.js'
import { service, slice } from '../conformance/row.js'
import { wish } from '../support/director-victim.js'
import { comparableText, kernelText, RandomEdits } from '../support/random-edits.js'

const settings: DirectorSettings = { families: ['inet'], nodeName: 'test-node', drainTimeoutSeconds: 0 }
/** Each costs the start of a process, seconds in the slow guest of the older kernel. */
const slowGuest = Number.parseInt(release(), 10) < 7
const kills = Number(process.env['DIRECTOR_KILLS'] ?? (slowGuest ? 4 : 50))
const rounds = slowGuest ? 4 : 12
/** The real tools take as long as all else of a kill. */
const toolsEvery = slowGuest ? 1 : 5

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => new Director(kernel, settings).cleanup())
after(() => kernel.close())

test(`killed ${kills} times at random points, the next director converges, as the real tools see it`, async () => {
  const undisturbed = [await programmed(0), await programmed(1)]
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
    if (count % toolsEvery === 0)
      assert.deepEqual(comparableText(), undisturbed[variant], `after kill ${count + 1}`)
    await director.stop()
  }
})

/** What the tools say after a pass that nobody disturbed. */
async function programmed(variant: number): Promise<string[]> {
  const director = new Director(kernel, settings)
  wish(director, variant)
  assert.deepEqual((await director.sync()).failed, [])
  const text = comparableText()
  await director.cleanup()
  return text
}

test('random edits by other tools between two passes are seen and repaired', async (context) => {
  const seed = Number(process.env['DIRECTOR_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))
  context.diagnostic(`seed ${seed}`)
  const edits = new RandomEdits(seed)
  const director = new Director(kernel, settings)
  wish(director, 0)
  await director.sync()
  const wanted = kernelText()
  for (let round = 0; round < rounds; round++) {
    const made = Array.from({ length: edits.count(4) }, () => edits.make())
    const told = `DIRECTOR_SEED=${seed}, round ${round}: ${made.join('; ')}`
    const isChanged = kernelText().join() !== wanted.join()
    const { drift, failed } = await director.sync({ full: true })
    assert.deepEqual(failed, [], told)
    assert.equal(drift.length > 0, isChanged, told)
    assert.deepEqual(kernelText(), wanted, told)
  }
  assert.equal(String(await director.plan()), '')
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

/** What a director has done by the time that it dies, in the order of the steps that make a set larger. */
const growth: readonly (readonly [step: string, ...args: string[]])[] = [
  ['made the larger one', 'create', 'KUBE-CLUSTER-IP-grow', 'hash:ip,port', 'maxelem', '128'],
  ['begun to fill it', 'add', 'KUBE-CLUSTER-IP-grow', '10.97.0.1,tcp:80'],
  ['swapped the two', 'swap', 'KUBE-CLUSTER-IP-grow', 'KUBE-CLUSTER-IP'],
]

for (const [done, [step]] of growth.entries()) {
  test(`killed when it has ${step}, the next director makes the set whole and leaves no other`, async () => {
    const small = { ...settings, maxElements: 64 }
    const wishing = (director: Director, count: number): Director => {
      for (let index = 1; index <= count; index++)
        director.upsertService(service({ name: `s${index}`, clusterIP: `10.97.0.${index}` }))
      return director
    }
    await wishing(new Director(kernel, small), 64).sync()
    for (const [, ...command] of growth.slice(0, done + 1)) execFileSync('ipset', command)
    const director = wishing(new Director(kernel, small), 100)
    assert.deepEqual((await director.sync()).failed, [])
    const members = execFileSync('ipset', ['save', 'KUBE-CLUSTER-IP'], { encoding: 'utf8' })
    const wanted = Array.from(
      { length: 100 },
      (_, index) => `add KUBE-CLUSTER-IP 10.97.0.${index + 1},tcp:80`,
    )
    assert.match(members, /^create .* maxelem 128 /)
    assert.deepEqual(members.trim().split('\n').slice(1).sort(), wanted.sort())
    assert.doesNotMatch(execFileSync('ipset', ['list', '-n'], { encoding: 'utf8' }), /-grow/)
    assert.equal(String(await director.plan()), '')
    await director.stop()
  })
}

test('a set that grows keeps the entries of a service whose object is refused', async () => {
  const former = new Director(kernel, settings)
  former.upsertService(service({ name: 'kept' }))
  await former.sync()
  const director = new Director(kernel, { ...settings, maxElements: 64 })
  assert.throws(() => director.upsertService(service({ name: 'kept', ports: [0] })), /spec\.ports\[0\]\.port/)
  await director.sync()
  // One that a former director made would be large already.
  const set = 'KUBE-CLUSTER-IP'
  execFileSync('ipset', ['create', 'SMALL', 'hash:ip,port', 'maxelem', '64'])
  execFileSync('ipset', ['add', 'SMALL', '10.20.30.41,tcp:80'])
  execFileSync('ipset', ['swap', 'SMALL', set])
  execFileSync('ipset', ['destroy', 'SMALL'])
  for (let index = 1; index <= 65; index++)
    director.upsertService(service({ name: `s${index}`, clusterIP: `10.97.0.${index}` }))
  assert.deepEqual((await director.sync({ full: true })).failed, [])
  const { maxelem, entries } = await kernel.sets.header(set)
  assert.deepEqual([maxelem, entries], [128, 66])
  assert.equal(await kernel.sets.has(set, '10.20.30.41,tcp:80'), true)
  await director.stop()
})

test('a larger set that was left half made goes with a cleanup', async () => {
  const director = new Director(kernel, settings)
  director.upsertService(service())
  await director.sync()
  await kernel.sets.create('KUBE-CLUSTER-IP-grow', 'hash:ip,port', {})
  assert.deepEqual((await director.cleanup()).failed, [])
  assert.deepEqual(await kernel.sets.list(), [])
})

test('a scheduler that the kernel does not have fails its service alone', async () => {
  const director = new Director(kernel, settings)
  director.upsertService(service({ annotations: { 'ipvs-director.io/scheduler': 'nosuch' } }))
  director.upsertService(service({ name: 'other', clusterIP: '10.96.9.9' }))
  const { failed } = await director.sync()
  assert.ok(failed.length > 0)
  assert.deepEqual([...director.status().troubled.keys()], ['ns/svc'])
  assert.deepEqual(
    director.status().missing.map(({ feature }) => feature),
    ['scheduler nosuch'],
  )
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

test('a server that cannot be fails alone: its new service and the other servers are there', async () => {
  const director = new Director(kernel, settings)
  // The kernel refuses a broadcast address, and IPVS has no way to say the other.
  const refused = ['127.255.255.255', '240.0.0.1']
  const key = { protocol: 'tcp', address: '10.96.8.8', port: 80 } as const
  const wished = (...addresses: string[]) => ({
    ...key,
    name: 'odd',
    servers: addresses.map((address) => ({ address, port: 80 })),
  })
  director.upsertVirtualService(wished('10.180.8.1', ...refused, '10.180.8.2'))
  director.upsertVirtualService({ ...key, name: 'even', port: 81, servers: [{ address: '10.180.8.3' }] })
  const { failed } = await director.sync()
  const named = failed.map(({ change }) => (change.type === 'addServer' ? change.serverKey : change.type))
  assert.deepEqual(named.sort(), ['127.255.255.255:80', '240.0.0.1:80'])
  assert.deepEqual([...director.status().troubled.keys()], ['odd'])
  const present = async (): Promise<string[]> =>
    (await kernel.ipvs.servers(key)).map(({ address }) => address).sort()
  assert.deepEqual(await present(), ['10.180.8.1', '10.180.8.2'])
  assert.equal((await kernel.ipvs.servers({ ...key, port: 81 })).length, 1)
  director.upsertVirtualService(wished('10.180.8.2', '10.180.8.4'))
  assert.deepEqual((await director.sync()).failed, [])
  assert.deepEqual(await present(), ['10.180.8.2', '10.180.8.4'])
  assert.equal(director.status().troubled.size, 0)
  assert.equal(String(await director.plan()), '')
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
