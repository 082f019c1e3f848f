/** What of a recording is told. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { withoutRepeats, type Packet } from '../../../lib/lab/experiments/packet.js'

function packet(flags: string, change: Partial<Packet> = {}): Packet {
  const ends = { source: '10.0.0.8', destination: '10.0.0.42', sourcePort: 40_000, destinationPort: 80 }
  const macs = { sourceMac: '02:00:00:00:00:01', destinationMac: '02:00:00:00:00:02' }
  return { at: 'rs1:eth0', timeMs: 0, ...macs, ...ends, protocol: 'tcp', flags, payloadBytes: 0, ...change }
}

test('a SYN and its answer are told once, however often they are sent', () => {
  const [opening, answer, acknowledgement] = [packet('SYN'), packet('SYN,ACK'), packet('ACK')]
  const sent = [opening, packet('SYN'), answer, packet('SYN,ACK'), acknowledgement]
  assert.deepEqual(withoutRepeats(sent), [opening, answer, acknowledgement])
})

test('what is reset is told once, however often it was tried', () => {
  const [opening, answer, reset] = [packet('SYN'), packet('SYN,ACK'), packet('RST')]
  const sent = [opening, answer, reset, packet('SYN'), packet('SYN,ACK'), packet('RST')]
  assert.deepEqual(withoutRepeats(sent), [opening, answer, reset])
})

test('the same SYN elsewhere, in another frame, or of another connection is told', () => {
  const sent = [
    packet('SYN'),
    packet('SYN', { at: 'rs2:eth0' }),
    packet('SYN', { destinationMac: '02:00:00:00:00:03' }),
    packet('SYN', { sourcePort: 40_001 }),
  ]
  assert.deepEqual(withoutRepeats(sent), sent)
})

test('data is told as often as it is sent', () => {
  const sent = [packet('PSH,ACK', { payloadBytes: 5 }), packet('PSH,ACK', { payloadBytes: 5 })]
  assert.deepEqual(withoutRepeats(sent), sent)
})
