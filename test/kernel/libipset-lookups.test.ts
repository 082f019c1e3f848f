/** Unless names are allowed, libipset looks nothing up, whatever the words: seen from outside, by strace. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { packageRoot } from '../../lib/load-addon.js'
import { hostileLine, plainLines, setup } from '../support/ipset-lines.js'
import { withNamespace } from '../support/namespace.js'
import { skipWithoutIpset } from '../support/real-ipset.js'

const skip =
  skipWithoutIpset ||
  (spawnSync('strace', ['-V']).error === undefined ? false : 'needs strace, to watch system calls')

/** Restores each line by itself between two marks, and prints how many were accepted. */
const program = `
  const { existsSync } = require('node:fs')
  const { loadLibipset } = require(process.argv[1])
  const { netns, setup, lines, names } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
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
    const input = JSON.stringify({ netns, setup, lines, names })
    const library = join(packageRoot, 'dist', 'lib', 'index.js')
    const strace = ['-f', '-o', trace, '-e', 'trace=openat,socket,access,faccessat2']
    // A sanitizer that the tests may run under is of no use here, and does not bear being traced.
    const env = { ...process.env, LD_PRELOAD: undefined }
    const child = spawnSync('strace', [...strace, process.execPath, '-e', program, library], {
      encoding: 'utf8',
      input,
      env,
    })
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

/** What the C library reads to set its resolver up, also for an address that it needs no help with. */
const resolverSetup = ['/etc/host.conf', '/etc/resolv.conf']

test('no words make libipset open a database of names, or a socket to ask one', { skip }, () =>
  withNamespace(async ({ path }) => {
    const seed = Math.trunc(Math.random() * 2 ** 31)
    // What prints ports reads /etc/protocols for the names of theirs: that file, and no server.
    // A lone `l` is short for `list`.
    const silent = hostileLine.filter((line) => !/\b(test|list|save)\b|^\s*l\b/.test(line))
    const hostile = fc.sample(silent, { numRuns: 600, seed })
    // The ordinary ways are among them.
    const { accepted, opened, families } = watch(path, [...plainLines, ...hostile])
    assert.ok(accepted >= plainLines.length, `${accepted} lines accepted`)
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
