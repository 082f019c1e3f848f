/** Recordings of experiments hold what the kernel saw, however late tcpdump comes to look at it. */
import assert from 'node:assert/strict'
import { spawnSync, type ChildProcess } from 'node:child_process'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { Recording } from '../../lib/lab/experiments/recording.js'
import { Topology, type Namespace } from '../../lib/lab/index.js'
import { skipWithoutNamespaces } from '../support/namespace.js'

const hasProgram = spawnSync('tcpdump', ['--version']).error === undefined
const skip = skipWithoutNamespaces || (hasProgram ? false : 'needs tcpdump')

/** A recording at the end of a wire, the namespace at its other end, and tcpdump itself. */
async function withRecording(
  work: (recording: Recording, sender: Namespace, tcpdump: ChildProcess) => Promise<void>,
): Promise<void> {
  const topology = await Topology.create({
    namespaces: {
      one: { addresses: { eth0: ['10.9.0.1/24'] } },
      two: { addresses: { eth0: ['10.9.0.2/24'] } },
    },
    wires: [['one:eth0', 'two:eth0']],
  })
  try {
    const recording = await Recording.start(topology.namespace('two'), 'eth0')
    await recording.quiet()
    const { child } = recording as unknown as { child: ChildProcess }
    await work(recording, topology.namespace('one'), child)
    await recording.stop()
  } finally {
    await topology.close()
  }
}

/** Datagrams of the text `hello` and a newline. */
async function send(sender: Namespace, count: number): Promise<void> {
  const script = `for ((i = 0; i < ${count}; i++)); do echo hello >/dev/udp/10.9.0.2/9; done`
  await sender.run(['bash', '-c', script])
}

/** Datagrams that arrive while tcpdump stands still, and that it finds when it goes on. */
async function sendUnread(sender: Namespace, count: number, tcpdump: ChildProcess): Promise<void> {
  tcpdump.kill('SIGSTOP')
  await send(sender, count)
  tcpdump.kill('SIGCONT')
}

function greetings({ packets }: Recording): number {
  return packets.filter(({ destinationPort, payloadBytes }) => destinationPort === 9 && payloadBytes === 6)
    .length
}

test('a recording waits for a tcpdump that is behind', { skip }, () =>
  withRecording(async (recording, sender, tcpdump) => {
    tcpdump.kill('SIGSTOP')
    await send(sender, 1)
    let isQuiet = false
    const quiet = recording.quiet().then(() => (isQuiet = true))
    await delay(300)
    assert.equal(isQuiet, false)
    tcpdump.kill('SIGCONT')
    await quiet
    assert.equal(greetings(recording), 1)
  }),
)

test('hundreds of frames wait for tcpdump', { skip }, () =>
  withRecording(async (recording, sender, tcpdump) => {
    await sendUnread(sender, 500, tcpdump)
    await recording.quiet()
    assert.equal(greetings(recording), 500)
  }),
)

test('a recording that frames are missing from says so, and does not wait for them', { skip }, () =>
  withRecording(async (recording, sender, tcpdump) => {
    await sendUnread(sender, 5000, tcpdump)
    await assert.rejects(recording.quiet(), {
      code: 'ERR_LAB_TOPOLOGY',
      message: /^tcpdump on two:eth0: \d+ of \d+ frames were lost/,
    })
  }),
)

test('a link that does not come to rest is not waited for without an end', { skip }, () =>
  withRecording(async (recording, _sender, tcpdump) => {
    // From this process, since one beside it might pause for long enough to be quiet: a frame of no bytes, as in a file.
    const traffic = setInterval(() => tcpdump.stdout?.emit('data', Buffer.alloc(16)), 5)
    try {
      await assert.rejects(recording.quiet(500), {
        code: 'ERR_LAB_TOPOLOGY',
        message: /^tcpdump on two:eth0: the link did not come to rest within 500 ms/,
      })
    } finally {
      clearInterval(traffic)
    }
  }),
)
