/** Recordings of experiments hold what the kernel saw, however late tcpdump comes to look at it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { Recording } from '../../lib/lab/experiments/recording.js'
import { Topology } from '../../lib/lab/index.js'
import { skipWithoutNamespaces } from '../support/namespace.js'

const hasProgram = spawnSync('tcpdump', ['--version']).error === undefined
const skip = skipWithoutNamespaces || (hasProgram ? false : 'needs tcpdump')

test('a recording waits for a tcpdump that is behind', { skip }, async () => {
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
    const { child } = recording as unknown as { child: { kill(signal: string): boolean } }
    child.kill('SIGSTOP')
    await topology.namespace('one').run(['bash', '-c', 'echo hello > /dev/udp/10.9.0.2/9'])
    let isQuiet = false
    const quiet = recording.quiet().then(() => (isQuiet = true))
    await delay(300)
    assert.equal(isQuiet, false)
    child.kill('SIGCONT')
    await quiet
    assert.ok(
      recording.packets.some(
        ({ destinationPort, payloadBytes }) => destinationPort === 9 && payloadBytes === 6,
      ),
    )
    await recording.stop()
  } finally {
    await topology.close()
  }
})
