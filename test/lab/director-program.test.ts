/** `ipvs-director director …` as a shell runs it; what it did is told by the real tools. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test, { after, before } from 'node:test'

/** What the program does is no matter of the kernel, and each start costs seconds in the slow guest of the older one. */
const skip = Number.parseInt(release(), 10) < 7 && 'many starts of a program: run on the newer kernel'
const program = resolve('dist/lib/cli/main.js')
const manifests = `
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.10, ports: [{ name: http, port: 80 }] }
---
kind: EndpointSlice
metadata: { name: web-a, namespace: shop, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, protocol: TCP, port: 8080 }]
endpoints: [{ addresses: [10.1.0.11], conditions: { ready: true } }]
---
kind: VirtualService
metadata: { name: marked }
spec: { fwmark: 7, family: inet, scheduler: sh, servers: [{ address: 10.1.0.21, port: 53 }] }
`
const programmed = [
  '-A -f 7 -s sh',
  '-A -t 10.96.0.10:80 -s rr',
  '-a -f 7 -r 10.1.0.21:53 -m -w 1',
  '-a -t 10.96.0.10:80 -r 10.1.0.11:8080 -m -w 1',
]

let folder: string
let file: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'director-program-'))
  file = join(folder, 'shop.yaml')
  writeFileSync(file, manifests)
  writeFileSync(join(folder, 'config.yaml'), 'families: [inet]\nprefix: LU-\n')
})
after(() => rmSync(folder, { recursive: true }))

const flags = (): string[] => ['--config', join(folder, 'config.yaml')]

/** What it prints. */
function director(...args: string[]): string {
  const all = [program, 'director', ...args, ...flags()]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''], args.join(' '))
  return stdout
}

const table = (): string[] =>
  execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
    .sort()

const kernelText = (): string[] => [
  ...table(),
  execFileSync('ipset', ['list', '-n'], { encoding: 'utf8' }),
  execFileSync('iptables-save', { encoding: 'utf8' }).replace(/^#.*|\[\d+:\d+\]/gm, ''),
  execFileSync('ip', ['-o', 'address'], { encoding: 'utf8' }),
]

test(
  'plan and dry runs print what would change and change nothing; apply and cleanup change that',
  { skip },
  () => {
    // A look at a table makes it, on kernels where it is a module.
    for (const table of ['nat', 'filter']) execFileSync('iptables', ['-t', table, '-L', '-n'])
    const before = kernelText()
    const planned = director('plan', '--file', file)
    assert.match(planned, /^\+ service tcp 10\.96\.0\.10:80 rr$/m)
    assert.equal(director('apply', '--dry-run', '--file', file), planned)
    assert.deepEqual(kernelText(), before)

    assert.equal(director('apply', '--file', file), planned)
    assert.deepEqual(table(), programmed)
    assert.match(
      execFileSync('ipset', ['save', 'LU-CLUSTER-IP'], { encoding: 'utf8' }),
      /10\.96\.0\.10,tcp:80/,
    )
    assert.deepEqual(JSON.parse(director('plan', '--file', file, '--json')), [])

    const applied = kernelText()
    const leaving = director('cleanup', '--dry-run')
    assert.match(leaving, /^- service fwmark 7 inet/m)
    assert.deepEqual(kernelText(), applied)
    assert.equal(director('cleanup'), leaving)
    assert.deepEqual(table(), [])
    assert.equal(execFileSync('ipset', ['list', '-n'], { encoding: 'utf8' }), '')
    assert.doesNotMatch(execFileSync('iptables-save', { encoding: 'utf8' }), /LU-/)
    assert.doesNotMatch(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }), /lu-ipvs0/)
  },
)

test('an object that makes no sense is named, and what the kernel has of it stays', { skip }, () => {
  director('apply', '--file', file)
  const broken = join(folder, 'broken.yaml')
  writeFileSync(
    broken,
    manifests.replace('port: 80 }', 'port: 800000 }').replace('scheduler: sh', 'scheduler: rr'),
  )
  const { status, stderr } = spawnSync(
    process.execPath,
    [program, 'director', 'apply', '--file', broken, ...flags()],
    { encoding: 'utf8' },
  )
  assert.equal(status, 2)
  assert.match(stderr, /^refused .*broken\.yaml:2: Service shop\/web: spec\.ports\[0\]\.port: expected .*\n$/)
  assert.deepEqual(
    table(),
    programmed.map((line) => line.replace('-s sh', '-s rr')),
  )
  assert.match(execFileSync('iptables-save', { encoding: 'utf8' }), /--match-set LU-CLUSTER-IP/)
  director('cleanup')
  assert.deepEqual(table(), [])
})

test(
  'with --netns the kernel is programmed in that namespace alone, for the families that are named',
  { skip },
  () => {
    execFileSync('ip', ['netns', 'add', 'blue'])
    const there = (...args: string[]): string =>
      execFileSync('ip', ['netns', 'exec', 'blue', ...args], { encoding: 'utf8' })
    const args = ['--netns', '/run/netns/blue', '--family', 'inet6', '--prefix', 'BLUE-']
    const wide = join(folder, 'wide.yaml')
    writeFileSync(wide, manifests.replace('clusterIP: 10.96.0.10', 'clusterIPs: [10.96.0.10, "fd00::10"]'))
    director('apply', '--file', wide, ...args)
    assert.match(there('ipvsadm', '-Sn'), /^-A -t \[fd00::10\]:80 -s rr\s*$/)
    assert.match(there('ipset', 'list', '-n'), /^BLUE-6-CLUSTER-IP$/m)
    assert.deepEqual(table(), [])
    director('cleanup', ...args)
    assert.equal(there('ipvsadm', '-Sn'), '')
    execFileSync('ip', ['netns', 'delete', 'blue'])
  },
)

test('run programs what the files ask for and ends at SIGTERM, leaving the kernel as it is', async () => {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const args = ['--file', file, '--metrics-port', '10249', '--node', 'node-1', ...flags()]
  const child = spawn(process.execPath, [program, 'director', 'run', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await firstLine(child)
  assert.deepEqual(table(), programmed)
  assert.equal((await fetch('http://127.0.0.1:10249/healthz')).status, 200)
  assert.match(
    await (await fetch('http://127.0.0.1:10249/metrics')).text(),
    /^ipvs_director_virtual_services 2$/m,
  )
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(table(), programmed)
  director('cleanup')
  assert.deepEqual(table(), [])
})

async function firstLine(child: ChildProcess): Promise<void> {
  if (child.stdout !== null) await once(child.stdout, 'data')
}
