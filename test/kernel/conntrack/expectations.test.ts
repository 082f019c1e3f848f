/** What a helper of the kernel waits for: FTP's, made by a dialogue, held against conntrack(8). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { CpuStats, Expectation, ExpectationEvent, FlowTuple } from '../../../lib/index.js'
import { collect, conntrack } from '../../support/conntrack.js'
import { printedWords } from '../../support/conntrack-text.js'
import { withKernel, type TestNamespace } from '../../support/namespace.js'

/** Built in, or loaded; the name is that of the kernel's nf_conntrack_ftp. */
function skipWithoutHelper(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, to make network namespaces with ip-netns(8)'
  const symbols = readFileSync('/proc/kallsyms', 'utf8')
  return /\bnf_conntrack_ftp_init\b|\[nf_conntrack_ftp\]|\bnf_nat_ftp_hook\b/.test(symbols)
    ? false
    : 'needs a kernel with nf_conntrack_ftp'
}
const skip = skipWithoutHelper()

const HELPED =
  'table inet t { ct helper ftp { type "ftp" protocol tcp; }; ' +
  'chain c { type filter hook output priority -150; tcp dport 21 ct state new ct helper set "ftp"; }; }'

/** As far as FTP needs to go: the client names a port of its own, then the server names one. Ends when told to. */
const DIALOGUE = `
const { connect, createServer } = require('node:net')
const [address, active, passive, answer] = process.argv.slice(1)
const server = createServer((client) => {
  client.write('220 ready\\r\\n')
  client.on('data', (line) => client.write(String(line).startsWith(passive) ? answer + '\\r\\n' : '200 done\\r\\n'))
})
server.listen(21, address, () => {
  const client = connect(21, address)
  const next = ['USER nobody', active, passive]
  client.on('data', () => {
    const line = next.shift()
    if (line === undefined) console.log('done')
    else client.write(line + '\\r\\n')
  })
})
process.stdin.on('end', () => process.exit()).resume()
`

interface Dialogue {
  readonly family: 'inet' | 'inet6'
  readonly words: readonly string[]
}
const dialogues: readonly Dialogue[] = [
  {
    family: 'inet',
    words: ['127.0.0.1', 'PORT 127,0,0,1,100,10', 'PASV', '227 Entering Passive Mode (127,0,0,1,200,10)'],
  },
  {
    family: 'inet6',
    words: ['::1', 'EPRT |2|::1|25610|', 'EPSV', '229 Entering Extended Passive Mode (|||51210|)'],
  },
]

function spawnInside({ path }: TestNamespace, words: readonly string[]) {
  return spawn('nsenter', [`--net=${path}`, '--', ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** `conntrack -E expect`, from the moment on at which it listens. */
async function startProgram(namespace: TestNamespace) {
  const child = spawnInside(namespace, ['conntrack', '-E', 'expect'])
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(printedWords(line).join(' ')))
  // sk, protocol (12: netfilter), port, groups: nobody else listens in here yet.
  const listens = () =>
    /^\S+ +12 +-?\d+ +(?!00000000)[0-9a-f]{8} /m.test(readFileSync(`/proc/${child.pid}/net/netlink`, 'utf8'))
  while (!listens()) await sleep(10)
  return { child, lines }
}

function ends({ source, destination }: FlowTuple, prefix = ''): string[] {
  return [`${prefix}src=${source}`, `${prefix}dst=${destination}`]
}

function ports({ sourcePort, destinationPort }: FlowTuple): string[] {
  return [`sport=${sourcePort}`, `dport=${destinationPort}`]
}

/** As conntrack(8) prints it, but for the seconds that are left. */
function expectationWords({ tuple, mask, master, class: kind, helper }: Expectation): string {
  return [
    `proto=${tuple.protocol === 'tcp' ? 6 : tuple.protocol}`,
    ...ends(tuple),
    ...ports(tuple),
    ...ends(mask, 'mask-'),
    ...ports(mask),
    ...ends(master, 'master-'),
    ...ports(master),
    `class=${kind}`,
    `helper=${helper}`,
  ].join(' ')
}

function eventWords(event: ExpectationEvent): string {
  return `[${event.type.replace('expectation-', '').toUpperCase()}] ${expectationWords(event)}`
}

const isExpectation = (event: object): event is ExpectationEvent => 'master' in event && 'mask' in event

function sum(stats: readonly CpuStats[]): number {
  return stats.reduce((all, { expectationsCreated, expectationsDeleted }) => {
    return all + expectationsCreated + expectationsDeleted
  }, 0)
}

const withoutSeconds = (line: string) => line.replace(/^(\[\w+\] )?\d+ /, '$1')

for (const { family, words } of dialogues) {
  test(`what FTP's helper expects of ${family} is listed and heard as conntrack(8) prints it`, { skip }, () =>
    withKernel(async (kernel, namespace) => {
      const nft = spawnInside(namespace, ['nft', HELPED])
      assert.deepEqual(await once(nft, 'close'), [0, null])
      const program = await startProgram(namespace)
      const listener = kernel.conntrack.listen({ events: ['destroy'], expectations: true })
      const dialogue = spawnInside(namespace, [process.execPath, '-e', DIALOGUE, ...words])
      await once(createInterface(dialogue.stdout), 'line')

      // The second takes the place of the first.
      const listed = await kernel.conntrack.expectations()
      assert.deepEqual(
        listed.map(({ family: of, tuple, helper }) => [of, tuple.destinationPort, helper]),
        [[family, 51210, 'ftp']],
      )
      const version = family === 'inet' ? 'ipv4' : 'ipv6'
      const printed = (await conntrack(namespace, '-L', 'expect', '-f', version)).trim().split('\n')
      assert.deepEqual(
        listed.map(expectationWords),
        printed.map((line) => withoutSeconds(printedWords(line).join(' '))),
      )

      dialogue.stdin.end()
      await once(dialogue, 'close')
      await kernel.conntrack.flush()
      // On loopback the helper sees each line twice, on its way out and in: the kernel says how often it did something.
      const made = sum(await kernel.conntrack.stats())
      const heard = (await collect(listener, (all) => all.filter(isExpectation).length >= made)).filter(
        isExpectation,
      )
      while (program.lines.length < made) await sleep(10)
      program.child.kill('SIGINT')
      await once(program.child, 'close')
      const story = heard.map(({ type, tuple }) => `${type} ${tuple.destinationPort}`)
      assert.deepEqual(
        [...new Set(story)],
        [
          'expectation-new 25610',
          'expectation-destroy 25610',
          'expectation-new 51210',
          'expectation-destroy 51210',
        ],
      )
      assert.deepEqual(heard.map(eventWords), program.lines.map(withoutSeconds))
      await listener.close()
    }),
  )
}
