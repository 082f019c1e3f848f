/** Unless names are allowed, libipset looks nothing up, whatever the words: seen from outside, by strace. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { packageRoot } from '../../lib/load-addon.js'
import { withNamespace } from '../support/namespace.js'
import { skipWithoutIpset } from '../support/real-ipset.js'

const skip =
  skipWithoutIpset ||
  (spawnSync('strace', ['-V']).error === undefined ? false : 'needs strace, to watch system calls')

const setup = `
create a hash:ip
create p hash:ip,port
create n6 hash:net family inet6
create i hash:net,iface
create b bitmap:port range 0-100
create l list:set
`

/** Restores each line by itself between two marks, and prints how many were accepted. */
const program = `
  const { existsSync } = require('node:fs')
  const { loadLibipset } = require(process.argv[1])
  const { netns, setup, lines, names } = JSON.parse(process.argv[2])
  async function main() {
    const libipset = loadLibipset()
    await libipset.restore(setup, { netns })
    let accepted = 0
    existsSync('/mark-begin')
    for (const line of lines) {
      const restored = libipset.restore(line, { netns, exist: true, allowHostNames: names })
      accepted += await restored.then(() => 1, () => 0)
    }
    existsSync('/mark-end')
    console.log(accepted)
  }
  void main()`

interface Watched {
  accepted: number
  /** Files that were opened, and address families of sockets. */
  opened: string[]
  families: string[]
}

function watch(netns: string, lines: readonly string[], names = false): Watched {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  try {
    const trace = join(folder, 'trace')
    const argument = JSON.stringify({ netns, setup, lines, names })
    const library = join(packageRoot, 'dist', 'lib', 'index.js')
    const child = spawnSync(
      'strace',
      [
        '-f',
        '-o',
        trace,
        '-e',
        'trace=openat,socket,access,faccessat2',
        process.execPath,
        '-e',
        program,
        library,
        argument,
      ],
      { encoding: 'utf8' },
    )
    assert.equal(child.status, 0, child.stderr)
    const calls = readFileSync(trace, 'utf8')
    const between = calls.slice(calls.indexOf('/mark-begin'), calls.indexOf('/mark-end'))
    assert.notEqual(between, '')
    return {
      accepted: Number(child.stdout),
      opened: [...between.matchAll(/openat\([^"]*"([^"]*)"/g)].map(([, path]) => path ?? ''),
      families: [...between.matchAll(/socket\((\w+)/g)].map(([, family]) => family ?? ''),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const numbers = ['10.0.0.1', '10.1', '2001:db8::1', '::', '80', '0x50', '65536', '00:11:22:33:44:55', '32']
const names = [
  'localhost',
  'http',
  'tcp',
  'cafe',
  'a.b',
  'eth0',
  'physdev:eth0',
  'icmp',
  'echo-request',
  'gre',
  '17',
]
const signs = ['-', '/', ',', ':', '[', ']', '.', '"', "'", '#', '%', '']

/** Words such as people, and nobody, would write: pieces of entries in any order. */
const entry = fc
  .array(fc.constantFrom(...numbers, ...names, ...signs, ...signs), { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.join(''))
const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('add', 'del', 'test'),
        fc.constantFrom('a', 'p', 'n6', 'i', 'b', 'l', 'none'),
        entry,
      )
      .map((words) => words.join(' ')),
  },
  fc
    .tuple(
      fc.constantFrom('bitmap:ip', 'bitmap:port', 'hash:ip', 'iphash'),
      fc.constantFrom('range', '--range', 'from', 'network', 'netmask', 'bitmask', 'hashsize'),
      entry,
      entry,
    )
    .map(([type, option, first, second]) => `create x ${type} ${option} ${first} to ${second}`),
)

/** What the C library reads to set its resolver up, also for an address that it needs no help with. */
const resolverSetup = ['/etc/host.conf', '/etc/resolv.conf']

test('no words make libipset open a database of names, or a socket to ask one', { skip }, () =>
  withNamespace(async ({ path }) => {
    // Plain samples, so that the ordinary ways are among them.
    const plain = [
      'add a 10.0.0.1',
      'add p 10.0.0.1,tcp:80',
      'add p 10.0.0.1,80-90',
      'add n6 2001:db8::/32',
      'add b 80',
    ]
    const seed = Math.trunc(Math.random() * 2 ** 31)
    const { accepted, opened, families } = watch(path, [...plain, ...fc.sample(line, { numRuns: 600, seed })])
    assert.ok(accepted >= plain.length, `${accepted} lines accepted`)
    const databases = opened.filter((file) => file.startsWith('/etc') && !resolverSetup.includes(file))
    assert.deepEqual(
      { databases, families: [...new Set(families)] },
      { databases: [], families: ['AF_NETLINK'] },
      `seed ${seed}`,
    )
  }),
)

test('host names are looked up where they are allowed, and strace sees it', { skip }, () =>
  withNamespace(async ({ path }) => {
    const { accepted, opened } = watch(path, ['add a localhost'], true)
    assert.equal(accepted, 1)
    assert.ok(opened.includes('/etc/hosts'), opened.join(' '))
  }),
)
