/** Reads the frames that a recording holds, as far as experiments speak of them. Every length is checked. */
import { AF_INET, AF_INET6, formatEndpoint, readAddress } from '../../address.js'

export interface Packet {
  /** Namespace and link that saw it: `rs1:eth0`. */
  readonly at: string
  /** Milliseconds since 1970. */
  readonly timeMs: number
  readonly sourceMac: string
  readonly destinationMac: string
  readonly protocol: 'arp' | 'tcp' | 'udp' | 'icmp' | 'other'
  /** Addresses of the innermost IP header; for ARP those of sender and target. */
  readonly source: string
  readonly destination: string
  /** 0 where the protocol has none. */
  readonly sourcePort: number
  readonly destinationPort: number
  /** TCP: `SYN`, `SYN,ACK` … ARP: `request` or `reply`. ICMP: type and code, `5/1`. */
  readonly flags: string
  /** Length of what TCP or UDP carries. */
  readonly payloadBytes: number
  /** The outer header of a packet in an IPIP tunnel. */
  readonly tunnel?: { readonly source: string; readonly destination: string }
}

type Inner = Omit<Packet, 'at' | 'timeMs' | 'sourceMac' | 'destinationMac'>

const nothing = { sourcePort: 0, destinationPort: 0, flags: '', payloadBytes: 0 } as const
const tcpFlags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const

// Numbers: linux/if_ether.h (ETH_P_*), linux/in.h (IPPROTO_*).
const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const
const protocols = { icmp: 1, ipip: 4, tcp: 6, udp: 17, icmpv6: 58 } as const

/** Undefined for a frame that is not Ethernet with IPv4, IPv6 or ARP, or whose headers are not all there. */
export function readPacket(at: string, timeMs: number, frame: Buffer): Packet | undefined {
  if (frame.length < 14) return undefined
  const inner = readPayload(frame.readUInt16BE(12), frame.subarray(14))
  if (inner === undefined) return undefined
  return { at, timeMs, destinationMac: mac(frame, 0), sourceMac: mac(frame, 6), ...inner }
}

/** One line: `10.0.0.8:43130 → 10.0.0.42:80 TCP SYN`. */
export function formatPacket(packet: Packet): string {
  const { protocol, source, destination, flags, payloadBytes, tunnel } = packet
  if (protocol === 'arp') {
    const said = flags === 'request' ? `who has ${destination}? tell ${source}` : `${source} is here`
    return `ARP ${said} (from ${packet.sourceMac})`
  }
  const outer = tunnel === undefined ? '' : `[${tunnel.source} → ${tunnel.destination} IPIP] `
  const ends = `${end(source, packet.sourcePort)} → ${end(destination, packet.destinationPort)}`
  const bytes = payloadBytes === 0 ? '' : `${payloadBytes} bytes`
  return [outer + ends, protocol.toUpperCase(), flags, bytes].filter((word) => word !== '').join(' ')
}

/** Each opening of a connection and each reset once: how often TCP repeats a SYN depends on who waits how long. */
export function withoutRepeats(packets: readonly Packet[]): Packet[] {
  const told = new Set<string>()
  return packets.filter((packet) => {
    if (!/SYN|RST/.test(packet.flags)) return true
    const line = `${packet.at} ${packet.sourceMac} ${packet.destinationMac} ${formatPacket(packet)}`
    const first = !told.has(line)
    told.add(line)
    return first
  })
}

function end(address: string, port: number): string {
  return port === 0 ? address : formatEndpoint(address, port)
}

function readPayload(etherType: number, bytes: Buffer): Inner | undefined {
  if (etherType === etherTypes.arp) return readArp(bytes)
  if (etherType === etherTypes.ipv4) return readIpv4(bytes)
  return etherType === etherTypes.ipv6 ? readIpv6(bytes) : undefined
}

/** RFC 826 for IPv4 over Ethernet. */
function readArp(bytes: Buffer): Inner | undefined {
  if (bytes.length < 28) return undefined
  const flags = bytes.readUInt16BE(6) === 1 ? 'request' : 'reply'
  return { ...nothing, protocol: 'arp', source: ipv4(bytes, 14), destination: ipv4(bytes, 24), flags }
}

// Recordings keep the beginning of a long frame: how much it carried is what its headers say.
function readIpv4(bytes: Buffer): Inner | undefined {
  if (bytes.length < 20) return undefined
  const headerBytes = ((bytes[0] ?? 0) & 0xf) * 4
  const totalBytes = bytes.readUInt16BE(2)
  if (headerBytes < 20 || totalBytes < headerBytes) return undefined
  const ends = { source: ipv4(bytes, 12), destination: ipv4(bytes, 16) }
  const rest = bytes.subarray(headerBytes, totalBytes)
  if (bytes[9] !== protocols.ipip) return readTransport(bytes[9] ?? 0, ends, rest, totalBytes - headerBytes)
  const inner = readIpv4(rest)
  return inner && { ...inner, tunnel: ends }
}

function readIpv6(bytes: Buffer): Inner | undefined {
  if (bytes.length < 40) return undefined
  const length = bytes.readUInt16BE(4)
  const ends = { source: ipv6(bytes, 8), destination: ipv6(bytes, 24) }
  return readTransport(bytes[6] ?? 0, ends, bytes.subarray(40, 40 + length), length)
}

function readTransport(
  protocol: number,
  ends: Pick<Packet, 'source' | 'destination'>,
  bytes: Buffer,
  length: number,
): Inner | undefined {
  switch (protocol) {
    case protocols.tcp: {
      if (bytes.length < 20) return undefined
      const bits = bytes[13] ?? 0
      const flags = tcpFlags.filter((_, bit) => (bits >> bit) & 1).join(',')
      const headerBytes = ((bytes[12] ?? 0) >> 4) * 4
      return { ...ends, ...ports(bytes), protocol: 'tcp', flags, payloadBytes: length - headerBytes }
    }
    case protocols.udp:
      if (bytes.length < 8) return undefined
      return { ...ends, ...ports(bytes), protocol: 'udp', flags: '', payloadBytes: length - 8 }
    case protocols.icmp:
    case protocols.icmpv6:
      if (bytes.length < 4) return undefined
      return { ...nothing, ...ends, protocol: 'icmp', flags: `${bytes[0]}/${bytes[1]}` }
    default:
      return { ...nothing, ...ends, protocol: 'other' }
  }
}

function ports(bytes: Buffer): Pick<Packet, 'sourcePort' | 'destinationPort'> {
  return { sourcePort: bytes.readUInt16BE(0), destinationPort: bytes.readUInt16BE(2) }
}

function mac(bytes: Buffer, offset: number): string {
  return [...bytes.subarray(offset, offset + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function ipv4(bytes: Buffer, offset: number): string {
  return readAddress(AF_INET, bytes, offset)
}

function ipv6(bytes: Buffer, offset: number): string {
  return readAddress(AF_INET6, bytes, offset)
}
