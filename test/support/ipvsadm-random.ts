/** Seeded random command lines. Addresses and ports come from small pools, so that lines meet what others left. */

import { generator, pick, type Random } from './random.js'

/** The words with this probability, else none. */
function maybe(random: Random, probability: number, words: () => string): string {
  return random() < probability ? ` ${words()}` : ''
}

/** Lines that are well-formed: some of them the kernel refuses. */
export function randomLines(seed: number, count: number): string[] {
  const random = generator(seed)
  return Array.from({ length: count }, () => randomLine(random))
}

function randomLine(random: Random): string {
  const service = pick(random, ...services)
  const command = random()
  if (command < 0.3) return `-A ${service} ${serviceSettings(random, service)}`
  if (command < 0.38) return `-E ${service} ${serviceSettings(random, service)}`
  if (command < 0.41) return `-D ${service}`
  if (command < 0.43) return `-Z ${service}`
  if (command < 0.8) return `-a ${service} -r ${server(random, service)}`
  if (command < 0.92) return `-e ${service} -r ${server(random, service)}`
  return `-d ${service} -r ${isIPv6(service) ? ipv6(random) : ipv4(random)}`
}

const services = [
  '-t 10.0.0.1:80', '-t 10.0.0.1:81', '-t 10.0.0.200:80', '-t 192.168.7.9:443', '-t 172.16.0.1:80', '-t 250.1.1.1:80',
  '-u 10.0.0.1:53', '-u 192.168.7.9:53', '-u 127.0.0.1:53', '--sctp-service 10.0.0.1:132', '-f 1', '-f 2147483647',
  '-t [2001:db8::1]:80', '-t [2001:db8:ffff::1]:80', '-u [fd00::1]:53', '-f 1 -6', '-f 7 -6',
] as const // prettier-ignore

function isIPv6(service: string): boolean {
  return service.includes('[') || service.endsWith('-6')
}

function serviceSettings(random: Random, service: string): string {
  // Looking for a module that is not there is slow, so this stays rare.
  const scheduler = random() < 0.03 ? 'nosuch' : pick(random, 'rr', 'wrr', 'lc', 'wlc', 'sh', 'mh')
  const flags =
    scheduler === 'sh' || scheduler === 'mh'
      ? [`${scheduler}-port`, `${scheduler}-fallback`]
      : ['flag-1', 'flag-2']
  const mask = isIPv6(service)
    ? pick(random, '1', '64', '128')
    : pick(random, '255.255.255.0', '128.0.0.0', '255.255.255.255')
  return [
    `-s ${scheduler}`,
    maybe(random, 0.3, () => `-b ${pick(random, flags[0] ?? '', flags.join(','))}`),
    maybe(random, 0.4, () => `-p ${pick(random, '', '1', '50', '2000000')}`),
    maybe(random, 0.3, () => `-M ${mask}`),
    maybe(random, service.startsWith('-u') ? 0.3 : 0, () => '-o'),
    maybe(random, 0.1, () => '--pe sip'),
  ].join('')
}

function server(random: Random, service: string): string {
  const tunnelled = random() < 0.4
  const sameFamily = !tunnelled || random() < 0.7
  const address = isIPv6(service) === sameFamily ? ipv6(random) : ipv4(random)
  return [
    address,
    tunnelled ? ` -i${tunnel(random)}` : maybe(random, 0.7, () => pick(random, '-m', '-g')),
    maybe(random, 0.5, () => `-w ${pick(random, '0', '1', '100', '65536', '2147483647')}`),
    maybe(random, 0.2, () => `-x ${pick(random, '0', '10', '2147483647')}`),
    maybe(random, 0.2, () => `-y ${pick(random, '0', '10', '11')}`),
  ].join('')
}

function tunnel(random: Random): string {
  return pick(
    random,
    '',
    ' --tun-type ipip',
    ` --tun-type gue --tun-port ${pick(random, '1', '6080', '65535')}${pick(random, '', ' --tun-csum', ' --tun-remcsum')}`,
    ` --tun-type gre${pick(random, '', ' --tun-nocsum', ' --tun-csum')}`,
  )
}

function ipv4(random: Random): string {
  const address = pick(random, '10.1.0.1', '10.1.0.2', '172.20.0.1', '192.168.9.9', '127.0.0.1', '224.0.0.1')
  return `${address}${pick(random, '', ':80', ':8080', ':0')}`
}

function ipv6(random: Random): string {
  const address = pick(random, '2001:db8::a', '2001:db8::b', 'fd00::ffff:1', '::1', 'ff02::1')
  return random() < 0.3 ? address : `[${address}]:${pick(random, '80', '8080', '0')}`
}

const words = [
  '-A', '-E', '-D', '-a', '-e', '-d', '-L', '-l', '-Z', '-S', '-Ln', '-Sn', '--list', '-At', '-t', '-u', '-f', '-6', '-s',
  'rr', 'sh', '-p', '-p5', '-M', '-r', '-m', '-i', '-g', '-w', '-x', '-y', '-b', 'sh-port', '-o', '--pe', 'sip',
  '--tun-type', 'gue', '--tun-port', '--tun-csum', '--', '-', '=', '7', '10.0.0.1:80', '[::1]:80', '10.1.0.1', '64',
  '255.255.255.0', '--start-daemon', 'master', '--mcast-group', '-n', '-c', '--stats', '--timeout', '--exact', '-X',
] as const // prettier-ignore

/** Words in no order; most such lines are refused. Never -R, which would read on. */
export function randomWords(seed: number): string[] {
  const random = generator(seed)
  const command = pick(random, '-A', '-a', '-L', '-E', '-e', '-Z', '-S')
  const rest = Array.from({ length: Math.floor(random() * 7) }, () => pick(random, ...words))
  const opening = random() < 0.6 ? ['-t', '10.0.0.1:80'] : []
  return random() < 0.9 ? [command, ...opening, ...rest] : rest
}
