/** The classic capture format of libpcap, as tcpdump writes it to a pipe and as programs read it from a file. */
import { Buffer } from 'node:buffer'

export interface Frame {
  readonly timeMicroseconds: number
  /** The beginning of it, as far as it was recorded. */
  readonly bytes: Buffer
  /** Length that it had on the link. */
  readonly wireBytes: number
}

// pcap-savefile(5). tcpdump writes in the machine's own byte order, which is little-endian wherever the lab runs.
const magic = 0xa1b2c3d4
const headerBytes = 24
const recordBytes = 16
/** LINKTYPE_ETHERNET. */
const ethernet = 1
/** The most that tcpdump keeps of a frame, whatever it is told. */
const mostFrameBytes = 262_144

/** Takes the bytes as they come and gives out each frame that is complete. */
export class PcapReader {
  private pending = Buffer.alloc(0)
  private started = false

  push(chunk: Buffer): Frame[] {
    this.pending = Buffer.concat([this.pending, chunk])
    if (!this.started && this.pending.length >= headerBytes) this.readHeader()
    const frames: Frame[] = []
    for (let frame = this.take(); frame !== undefined; frame = this.take()) frames.push(frame)
    return frames
  }

  private readHeader(): void {
    const linkType = this.pending.readUInt32LE(20)
    if (this.pending.readUInt32LE(0) !== magic || linkType !== ethernet)
      throw new Error(`a recording of another format (link type ${linkType})`)
    this.pending = this.pending.subarray(headerBytes)
    this.started = true
  }

  private take(): Frame | undefined {
    if (!this.started || this.pending.length < recordBytes) return undefined
    const length = this.pending.readUInt32LE(8)
    if (length > mostFrameBytes) throw new Error(`a recorded frame of ${length} bytes`)
    if (this.pending.length < recordBytes + length) return undefined
    const timeMicroseconds = this.pending.readUInt32LE(0) * 1_000_000 + this.pending.readUInt32LE(4)
    const wireBytes = this.pending.readUInt32LE(12)
    const bytes = this.pending.subarray(recordBytes, recordBytes + length)
    this.pending = this.pending.subarray(recordBytes + length)
    return { timeMicroseconds, bytes, wireBytes }
  }
}

/** A file of the frames, in the order of their time. */
export function pcapFile(frames: readonly Frame[]): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(2, 4) // version 2.4
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(mostFrameBytes, 16)
  header.writeUInt32LE(ethernet, 20)
  const inOrder = [...frames].sort((one, other) => one.timeMicroseconds - other.timeMicroseconds)
  return Buffer.concat([header, ...inOrder.flatMap((frame) => [record(frame), frame.bytes])])
}

function record({ timeMicroseconds, bytes, wireBytes }: Frame): Buffer {
  const header = Buffer.alloc(recordBytes)
  header.writeUInt32LE(Math.floor(timeMicroseconds / 1_000_000), 0)
  header.writeUInt32LE(timeMicroseconds % 1_000_000, 4)
  header.writeUInt32LE(bytes.length, 8)
  header.writeUInt32LE(wireBytes, 12)
  return header
}
