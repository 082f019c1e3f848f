/** Flows and events as conntrack(8) prints them with `-o extended,id`, for holding one against the other. */
import type { Flow, FlowCounters, FlowEvent, FlowTuple } from '../../lib/index.js'

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
}

/** The words of a line of `conntrack -L`, in its order. What is 0 or absent has no word. */
export function flowWords(flow: Flow): string[] {
  const { family, protocol, status, counters } = flow
  const state = flow.tcp?.state ?? flow.sctp?.state
  return [
    family === 'inet' ? 'ipv4' : 'ipv6',
    family === 'inet' ? '2' : '10',
    typeof protocol === 'number' ? 'unknown' : protocol,
    String(typeof protocol === 'number' ? protocol : PROTOCOLS[protocol]),
    ...word('', flow.timeoutSeconds),
    ...word('', state?.toUpperCase().replaceAll('-', '_')),
    ...tupleWords(flow.original),
    ...word('zone-orig=', flow.original.zone),
    ...counterWords(counters?.original),
    ...(status.includes('seen-reply') ? [] : ['[UNREPLIED]']),
    ...tupleWords(flow.reply),
    ...word('zone-reply=', flow.reply.zone),
    ...counterWords(counters?.reply),
    ...(status.includes('assured') ? ['[ASSURED]'] : []),
    ...word('mark=', flow.mark === 0 ? undefined : flow.mark),
    ...word('zone=', flow.zone === 0 ? undefined : flow.zone),
    ...word('use=', flow.use),
    ...word('id=', flow.id),
  ]
}

/** The words of a line of `conntrack -E`. */
export function eventWords(event: FlowEvent): string[] {
  return [
    `[${event.type.toUpperCase()}]`,
    ...flowWords(event),
    ...(event.causedBy === undefined ? [] : ['[USERSPACE]', `portid=${event.causedBy}`]),
  ]
}

/**
 * The words of a line that conntrack(8) has printed, but for those that depend on when it was printed, and a mark of 0,
 * which it prints where the kernel sends one.
 */
export function printedWords(line: string): string[] {
  const words = line.replaceAll(/(\[)\s+|\s+(\])/g, '$1$2').split(/\s+/)
  return words.filter((each) => each !== '' && !/^(delta-time|progname)=|^mark=0$|^\[\d+\.\d+\]$/.test(each))
}

function tupleWords({
  source,
  destination,
  protocol,
  sourcePort,
  destinationPort,
  icmp,
}: FlowTuple): string[] {
  const ends = [`src=${source}`, `dst=${destination}`]
  if (icmp !== undefined) return [...ends, `type=${icmp.type}`, `code=${icmp.code}`, `id=${icmp.id}`]
  if (sourcePort === undefined || destinationPort === undefined) return ends
  if (protocol !== 'gre') return [...ends, `sport=${sourcePort}`, `dport=${destinationPort}`]
  return [...ends, `srckey=0x${sourcePort.toString(16)}`, `dstkey=0x${destinationPort.toString(16)}`]
}

function counterWords(counters: FlowCounters | undefined): string[] {
  return counters === undefined ? [] : [`packets=${counters.packets}`, `bytes=${counters.bytes}`]
}

function word(prefix: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${prefix}${value}`]
}
