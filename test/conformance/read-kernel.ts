/** What the kernel holds, told by other people's tools: ipvsadm, ipset, iptables-save and ip, in the form of the tables. */
import { execFileSync } from 'node:child_process'
import { formatEndpoint } from '../../lib/address.js'
import { parseSave } from '../../lib/iptables/parse-save.js'
import type { IptablesState } from '../../lib/iptables/types.js'
import { familyChains, ruleComment, rulePicture } from './picture.js'
import type { Picture } from './row.js'

/** `settings`: names of those to read; whatever else there is, nobody can tell who wrote it. */
export function readKernel(
  link: string,
  families: readonly ('inet' | 'inet6')[],
  settings: readonly string[] = [],
): Picture {
  const rules = families.map((family) => [family, readRules(family)] as const)
  const drawn = (draw: typeof rulePicture): Record<string, string[]> =>
    Object.fromEntries(rules.flatMap(([family, state]) => Object.entries(familyChains(family, state, draw))))
  return {
    services: readServices(run('ipvsadm', '-Sn')),
    sets: readSets(run('ipset', 'save')),
    setOptions: readSetOptions(run('ipset', 'save')),
    sysctls: Object.fromEntries(settings.map((name) => [name, run('busybox', 'sysctl', '-n', name).trim()])),
    addresses: readAddresses(link),
    chains: drawn(rulePicture),
    comments: drawn(ruleComment),
  }
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const protocols: Readonly<Record<string, string>> = { '-t': 'tcp', '-u': 'udp', '--sctp-service': 'sctp' }
const methods: Readonly<Record<string, string>> = { '-g': ' direct', '-i': ' tunnel', '-m': '' }

/** Lines of ipvsadm -Sn: `-A -t 10.0.0.1:80 -s rr -p 10800`, `-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1`. */
function readServices(text: string): Picture['services'] {
  const names = new Map<string, string>()
  const services: Record<string, string[]> = {}
  for (const line of text.split('\n')) {
    const words = line.trim().split(' ')
    const [kind = '', flag = '', address = ''] = words
    const key = flag === '-f' ? `fwmark ${address} inet` : `${protocols[flag] ?? flag} ${address}`
    const after = (option: string): string | undefined => words[words.indexOf(option) + 1 || words.length]
    if (kind === '-A') {
      const more = [key]
      const scheduler = after('-s') ?? ''
      if (scheduler !== 'rr') more.push(scheduler)
      if (words.includes('-p')) more.push(`persistent ${after('-p')}`)
      if (words.includes('-b')) more.push(`flags ${(after('-b') ?? '').split(',').sort().join(',')}`)
      names.set(key, more.join(' '))
      services[more.join(' ')] = []
    } else if (kind === '-a') {
      const method = methods[words.find((word) => methods[word] !== undefined) ?? ''] ?? ' unknown'
      const weight = after('-w')
      const server = `${after('-r')}${method}${weight === '1' ? '' : ` weight ${weight}`}`
      services[names.get(key) ?? key]?.push(server)
    }
  }
  for (const servers of Object.values(services)) servers.sort()
  return services
}

function readSets(text: string): Picture['sets'] {
  const sets: Record<string, string[]> = {}
  for (const line of text.split('\n')) {
    const [verb, name = '', entry = ''] = line.split(' ')
    if (verb === 'add') (sets[name] ??= []).push(entry)
  }
  for (const entries of Object.values(sets)) entries.sort()
  return sets
}

/** Lines of ipset save: `create NAME TYPE OPTIONS`; newer ones say too what the kernel chose. */
function readSetOptions(text: string): Picture['setOptions'] {
  const made = text.split('\n').filter((line) => line.startsWith('create '))
  return Object.fromEntries(
    made.map((line) => {
      const [, name = '', ...options] = line.trim().split(' ')
      return [name, options.join(' ').replace(/ (bucketsize|initval) \S+/g, '')]
    }),
  )
}

function readAddresses(link: string): string[] {
  const lines = run('ip', '-o', 'address', 'show', 'dev', link, 'scope', 'global').split('\n')
  return lines
    .flatMap((line) => /inet6? ([0-9a-f.:]+)\/(\d+)/.exec(line)?.[1] ?? [])
    .map((address) => formatEndpoint(address, 0).replace(/^\[|\]?:0$/g, ''))
    .sort()
}

function readRules(family: 'inet' | 'inet6'): IptablesState {
  return parseSave(run(family === 'inet' ? 'iptables-save' : 'ip6tables-save'), {
    hasChain: (_table, chain) => /^(KUBE|LU)-/.test(chain),
    hasJump: () => true,
  })
}
