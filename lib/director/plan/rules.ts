/**
 * The chains, rules and jumps of one family: those of kube-proxy's IPVS mode in its last version, in the order in which
 * it writes them. The number of rules does not grow with the number of services, but for one rule per balancer address
 * whose source ranges leave this node out.
 */
import {
  chainKey,
  type IptablesState,
  type Jump,
  type Match,
  type Rule,
  type TableName,
} from '../../iptables/types.js'
import type { Family } from '../../ipvs/types.js'
import type { OutFilter } from './fragment.js'
import { familyOf } from '../input/ip.js'
import type { ChainRole } from '../state/names.js'
import type { ResolvedOptions } from '../options.js'
import { setComment, type SetRole } from '../state/sets.js'

/** What the rules depend on, besides options. */
export interface RuleFacts {
  /** Rules that match a set are written only while it has entries. */
  hasEntries(role: SetRole): boolean
  readonly outFilters: readonly OutFilter[]
  readonly randomFully: boolean
}

const chains: Readonly<Record<'nat' | 'filter', readonly ChainRole[]>> = {
  nat: ['SERVICES', 'POSTROUTING', 'NODE-PORT', 'LOAD-BALANCER', 'MARK-MASQ'],
  filter: [
    'FORWARD',
    'NODE-PORT',
    'PROXY-FIREWALL',
    'SOURCE-RANGES-FIREWALL',
    'IPVS-FILTER',
    'IPVS-OUT-FILTER',
  ],
}

/** First to last in each built-in chain: kube-proxy inserts each at the head, so that its last comes first. */
const jumps: readonly { table: TableName; from: string; to: ChainRole; comment: string }[] = [
  { table: 'nat', from: 'PREROUTING', to: 'SERVICES', comment: 'kubernetes service portals' },
  { table: 'nat', from: 'OUTPUT', to: 'SERVICES', comment: 'kubernetes service portals' },
  { table: 'nat', from: 'POSTROUTING', to: 'POSTROUTING', comment: 'kubernetes postrouting rules' },
  { table: 'filter', from: 'INPUT', to: 'IPVS-FILTER', comment: 'kubernetes ipvs access filter' },
  { table: 'filter', from: 'INPUT', to: 'PROXY-FIREWALL', comment: 'kube-proxy firewall rules' },
  { table: 'filter', from: 'INPUT', to: 'NODE-PORT', comment: 'kubernetes health check rules' },
  { table: 'filter', from: 'FORWARD', to: 'PROXY-FIREWALL', comment: 'kube-proxy firewall rules' },
  { table: 'filter', from: 'FORWARD', to: 'FORWARD', comment: 'kubernetes forwarding rules' },
  { table: 'filter', from: 'OUTPUT', to: 'IPVS-OUT-FILTER', comment: 'kubernetes ipvs access filter' },
]

export function planIptables(family: Family, options: ResolvedOptions, facts: RuleFacts): IptablesState {
  return new RuleWriter(family, options, facts).write()
}

class RuleWriter {
  readonly #chains = new Map<string, Rule[]>()
  readonly #mark: string

  constructor(
    private readonly family: Family,
    private readonly options: ResolvedOptions,
    private readonly facts: RuleFacts,
  ) {
    this.#mark = `0x${(2 ** options.masqueradeBit).toString(16)}`
    for (const table of ['nat', 'filter'] as const) {
      for (const role of chains[table]) this.#chains.set(chainKey(table, options.names.chain(role)), [])
    }
  }

  write(): IptablesState {
    this.#nat('SERVICES', { source: this.family === 'inet' ? '127.0.0.0/8' : '::1/128', target: 'RETURN' })
    this.#perSetRules()
    this.#clusterRules()
    this.#externalRules()
    this.#nat('SERVICES', { matches: [addressType('--dst-type', 'LOCAL')], target: this.#chain('NODE-PORT') })
    this.#nat('LOAD-BALANCER', { target: this.#chain('MARK-MASQ') })
    this.#filter('SOURCE-RANGES-FIREWALL', { target: 'DROP' })
    this.#outFilterRules()
    this.#acceptRules()
    this.#forwardRules()
    this.#accessRules()
    this.#masqueradeRules()
    return { chains: this.#chains, jumps: this.#jumps() }
  }

  #perSetRules(): void {
    const returned = { target: 'RETURN' }
    const marked = { target: this.#chain('MARK-MASQ') }
    this.#ifSet('LOOP-BACK', 'dst,dst,src', (rule) =>
      this.#nat('POSTROUTING', { ...rule, target: 'MASQUERADE' }),
    )
    this.#ifSet('LOAD-BALANCER', 'dst,dst', (rule) =>
      this.#nat('SERVICES', { ...rule, target: this.#chain('LOAD-BALANCER') }),
    )
    this.#ifSet('LOAD-BALANCER-LOCAL', 'dst,dst', (rule) =>
      this.#nat('LOAD-BALANCER', { ...rule, ...returned }),
    )
    for (const protocol of ['TCP', 'UDP'] as const) {
      const condition = { protocol: protocol.toLowerCase() }
      this.#ifSet(`NODE-PORT-LOCAL-${protocol}`, 'dst', (rule) =>
        this.#nat('NODE-PORT', { ...condition, ...rule, ...returned }),
      )
      this.#ifSet(`NODE-PORT-${protocol}`, 'dst', (rule) =>
        this.#nat('NODE-PORT', { ...condition, ...rule, ...marked }),
      )
    }
    const sctp = { protocol: 'sctp' }
    this.#ifSet('NODE-PORT-LOCAL-SCTP-HASH', 'dst,dst', (rule) =>
      this.#nat('NODE-PORT', { ...sctp, ...rule, ...returned }),
    )
    this.#ifSet('NODE-PORT-SCTP-HASH', 'dst,dst', (rule) =>
      this.#nat('NODE-PORT', { ...sctp, ...rule, ...marked }),
    )
    this.#ifSet('LOAD-BALANCER-FW', 'dst,dst', (rule) =>
      this.#filter('PROXY-FIREWALL', { ...rule, target: this.#chain('SOURCE-RANGES-FIREWALL') }),
    )
    for (const role of ['LOAD-BALANCER-SOURCE-CIDR', 'LOAD-BALANCER-SOURCE-IP'] as const) {
      this.#ifSet(role, 'dst,dst,src', (rule) =>
        this.#filter('SOURCE-RANGES-FIREWALL', { ...rule, ...returned }),
      )
    }
  }

  /** Who is masqueraded on the way to a cluster address: everybody, strangers, or the node using it as its own source. */
  #clusterRules(): void {
    const { masqueradeAll } = this.options
    const strangers = this.#notLocal()
    const directions = masqueradeAll || strangers !== undefined ? 'dst,dst' : 'src,dst'
    const condition = masqueradeAll ? {} : (strangers ?? {})
    this.#ifSet('CLUSTER-IP', directions, (rule) =>
      this.#nat('SERVICES', { ...condition, ...rule, target: this.#chain('MARK-MASQ') }),
    )
  }

  #notLocal(): Rule | undefined {
    const local = this.options.localTraffic
    if (local === undefined) return undefined
    if (local.kind === 'bridge') return { inInterface: local.interface, negateInInterface: true }
    if (local.kind === 'interface-prefix') return { inInterface: `${local.prefix}+`, negateInInterface: true }
    const cidr = local.cidrs.find((candidate) => familyOf(candidate) === this.family)
    return cidr === undefined ? undefined : { source: cidr, negateSource: true }
  }

  #externalRules(): void {
    this.#ifSet('EXTERNAL-IP', 'dst,dst', (rule) =>
      this.#nat('SERVICES', { ...rule, target: this.#chain('MARK-MASQ') }),
    )
    for (const role of ['EXTERNAL-IP', 'EXTERNAL-IP-LOCAL'] as const) {
      this.#ifSet(role, 'dst,dst', ({ matches = [] }) => {
        const notBridged = { module: 'physdev', words: ['!', '--physdev-is-in'] }
        const fromElsewhere = { module: 'addrtype', words: ['!', '--src-type', 'LOCAL'] }
        this.#nat('SERVICES', { matches: [...matches, notBridged, fromElsewhere], target: 'ACCEPT' })
        this.#nat('SERVICES', { matches: [...matches, addressType('--dst-type', 'LOCAL')], target: 'ACCEPT' })
      })
    }
  }

  /** Traffic of the node itself has the balancer's address as its source too, and passes neither INPUT nor FORWARD. */
  #outFilterRules(): void {
    for (const { address, protocol, port } of this.facts.outFilters) {
      const words = [
        '--vproto',
        String(protocolNumber[protocol]),
        '--vaddr',
        address,
        '--vport',
        String(port),
      ]
      const source = `${address}/${this.family === 'inet' ? 32 : 128}`
      this.#filter('IPVS-OUT-FILTER', { source, matches: [{ module: 'ipvs', words }], target: 'DROP' })
    }
  }

  /** Rules that come later, such as a network plugin's host ports, must not catch traffic to a virtual address. */
  #acceptRules(): void {
    for (const role of ['CLUSTER-IP', 'LOAD-BALANCER'] as const) {
      if (!this.facts.hasEntries(role)) continue
      this.#nat('SERVICES', { matches: [this.#inSet(role, 'dst,dst')], target: 'ACCEPT' })
    }
  }

  #forwardRules(): void {
    const marked = { module: 'mark', words: ['--mark', `${this.#mark}/${this.#mark}`] }
    const known = { module: 'conntrack', words: ['--ctstate', 'RELATED,ESTABLISHED'] }
    this.#filter('FORWARD', { matches: [comment('kubernetes forwarding rules'), marked], target: 'ACCEPT' })
    this.#filter('FORWARD', {
      matches: [comment('kubernetes forwarding conntrack rule'), known],
      target: 'ACCEPT',
    })
    const healthCheck = [
      comment(setComment('HEALTH-CHECK-NODE-PORT')),
      this.#inSet('HEALTH-CHECK-NODE-PORT', 'dst'),
    ]
    this.#filter('NODE-PORT', { matches: healthCheck, target: 'ACCEPT' })
  }

  /** Ports of the host must not be reachable through a virtual address. */
  #accessRules(): void {
    for (const role of ['LOAD-BALANCER', 'CLUSTER-IP', 'EXTERNAL-IP', 'EXTERNAL-IP-LOCAL'] as const) {
      this.#filter('IPVS-FILTER', { matches: [this.#inSet(role, 'dst,dst')], target: 'RETURN' })
    }
    this.#filter('IPVS-FILTER', { matches: [this.#inSet('HEALTH-CHECK-NODE-PORT', 'dst')], target: 'RETURN' })
    if (this.options.answerPing) this.#filter('IPVS-FILTER', this.#pingRule())
    const fresh = { module: 'conntrack', words: ['--ctstate', 'NEW'] }
    const reject = this.family === 'inet' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'
    this.#filter('IPVS-FILTER', {
      matches: [fresh, this.#inSet('IPVS-IPS', 'dst')],
      target: 'REJECT',
      targetWords: ['--reject-with', reject],
    })
  }

  #pingRule(): Rule {
    return this.family === 'inet'
      ? { protocol: 'icmp', matches: [{ module: 'icmp', words: ['--icmp-type', '8'] }], target: 'RETURN' }
      : {
          protocol: 'ipv6-icmp',
          matches: [{ module: 'icmp6', words: ['--icmpv6-type', '128'] }],
          target: 'RETURN',
        }
  }

  /** The mark is taken off again, so that a packet that passes POSTROUTING twice is not masqueraded twice. */
  #masqueradeRules(): void {
    const unmarked = { module: 'mark', words: ['!', '--mark', `${this.#mark}/${this.#mark}`] }
    this.#nat('POSTROUTING', { matches: [unmarked], target: 'RETURN' })
    this.#nat('POSTROUTING', { target: 'MARK', targetWords: ['--set-xmark', `${this.#mark}/0x0`] })
    this.#nat('POSTROUTING', {
      matches: [comment('kubernetes service traffic requiring SNAT')],
      target: 'MASQUERADE',
      ...(this.facts.randomFully && { targetWords: ['--random-fully'] }),
    })
    this.#nat('MARK-MASQ', { target: 'MARK', targetWords: ['--set-xmark', `${this.#mark}/${this.#mark}`] })
  }

  #jumps(): Jump[] {
    return jumps.map(({ table, from, to, comment: text }) => ({
      table,
      from,
      rule: { matches: [comment(text)], target: this.#chain(to) },
    }))
  }

  #ifSet(role: SetRole, directions: string, write: (rule: { matches: readonly Match[] }) => void): void {
    if (!this.facts.hasEntries(role)) return
    write({ matches: [comment(setComment(role)), this.#inSet(role, directions)] })
  }

  #inSet(role: SetRole, directions: string): Match {
    return { module: 'set', words: ['--match-set', this.options.names.set(role, this.family), directions] }
  }

  #chain(role: ChainRole): string {
    return this.options.names.chain(role)
  }

  #nat(role: ChainRole, rule: Rule): void {
    this.#chains.get(chainKey('nat', this.#chain(role)))?.push(rule)
  }

  #filter(role: ChainRole, rule: Rule): void {
    this.#chains.get(chainKey('filter', this.#chain(role)))?.push(rule)
  }
}

/** xt_ipvs takes names of protocols, and prints numbers. */
const protocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const

function comment(text: string): Match {
  return { module: 'comment', words: ['--comment', text] }
}

function addressType(direction: string, type: string): Match {
  return { module: 'addrtype', words: [direction, type] }
}
