/** What tests of conntrack share. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { ConntrackEvent, FlowEvent, FlowTuple, Listener, NewFlow } from '../../lib/index.js'
import type { TestNamespace } from './namespace.js'

const run = promisify(execFile)

/** A UDP flow between two addresses that only differ by its number. */
export function udpFlow(number: number, change: Partial<NewFlow> & { destination?: string } = {}): NewFlow {
  const { destination = '10.96.0.1', ...rest } = change
  const original: FlowTuple = {
    protocol: 'udp',
    source: `10.0.${(number >> 8) & 255}.${number & 255}`,
    destination,
    sourcePort: 1024 + (number >> 16),
    destinationPort: 53,
  }
  return { original, timeoutSeconds: 300, ...rest }
}

export function udpFlows(count: number): NewFlow[] {
  return Array.from({ length: count }, (_, number) => udpFlow(number))
}

/** Reads events until `enough` says so of all that came. */
export async function collect(
  listener: Listener,
  enough: (events: readonly ConntrackEvent[]) => boolean,
): Promise<ConntrackEvent[]> {
  const events: ConntrackEvent[] = []
  while (!enough(events)) {
    const { done, value: chunk } = await listener.next()
    if (done === true) throw new Error(`the stream ended after ${events.length} events`)
    for (const event of chunk) events.push(event)
  }
  return events
}

/** The next `count` events. */
export async function take(listener: Listener, count: number): Promise<ConntrackEvent[]> {
  return collect(listener, (events) => events.length >= count)
}

export function flowEvents(events: readonly ConntrackEvent[]): FlowEvent[] {
  return events.filter((event): event is FlowEvent => 'original' in event)
}

/** conntrack(8) inside a namespace: its standard output. */
export async function conntrack({ name }: TestNamespace, ...args: readonly string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', name, 'conntrack', ...args])).stdout
}
