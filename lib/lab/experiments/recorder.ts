/** All recordings of one experiment: what was seen since when, and the file of it. */
import { writeFile } from 'node:fs/promises'
import type { Topology } from '../topology/index.js'
import { formatPacket, withoutRepeats, type Packet } from './packet.js'
import { pcapFile } from './pcap.js'
import { Recording } from './recording.js'

export class Recorder {
  private readonly recordings: Recording[] = []
  private sinceMs = 0
  private wake: () => void = () => {}

  /** @param places Namespaces, or `namespace:link`. Their link is `eth0` otherwise. */
  async start(topology: Topology, places: readonly string[]): Promise<void> {
    const started = await Promise.allSettled(
      places.map((place) => {
        const [namespace = '', link = 'eth0'] = place.split(':')
        return Recording.start(topology.namespace(namespace), link)
      }),
    )
    // Those that did start are ours to stop, also where another did not.
    for (const one of started) if (one.status === 'fulfilled') this.recordings.push(one.value)
    for (const one of started) if (one.status === 'rejected') throw one.reason
    for (const recording of this.recordings) recording.onPackets(() => this.wake())
  }

  /** What was seen before is over: {@link packets} begins here. */
  mark(): void {
    this.sinceMs = Date.now()
  }

  /** Everything since the mark, in the order of time; resolves when the links are quiet. */
  async packets(): Promise<Packet[]> {
    await Promise.all(this.recordings.map((recording) => recording.quiet()))
    return this.seen()
  }

  /** The first packet since the mark that is like that, waited for; undefined if none comes in time. */
  async packet(isIt: (packet: Packet) => boolean, withinMs: number): Promise<Packet | undefined> {
    for (const end = Date.now() + withinMs; ;) {
      const found = this.seen().find(isIt)
      const restMs = end - Date.now()
      if (found !== undefined || restMs <= 0) return found
      await this.arrival(restMs)
    }
  }

  /** Packets since the mark as lines: without what links do on their own (ARP, IPv6's discovery), each opening once. */
  async lines(most: number): Promise<{ seen: string[]; unseen: number }> {
    const told = withoutRepeats(await this.packets()).filter(
      ({ protocol, source }) => protocol !== 'arp' && protocol !== 'other' && !/^(fe80:|::$)/.test(source),
    )
    const seen = told.slice(0, most).map((packet) => `${packet.at}  ${formatPacket(packet)}`)
    return { seen, unseen: Math.max(0, told.length - most) }
  }

  /** Ends the recordings; writes all that they saw to a file, if one is named. */
  async stop(file?: string): Promise<void> {
    try {
      if (file !== undefined) await this.packets()
    } finally {
      await Promise.all(this.recordings.map((recording) => recording.stop()))
    }
    if (file !== undefined)
      await writeFile(file, pcapFile(this.recordings.flatMap((recording) => recording.frames)))
  }

  private seen(): Packet[] {
    const all = this.recordings.flatMap((recording) => recording.packets)
    return all
      .filter((packet) => packet.timeMs >= this.sinceMs)
      .sort((one, other) => one.timeMs - other.timeMs)
  }

  private arrival(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
