import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { CommandLineError } from '../../../lib/ipvs/ipvsadm/errors.js'
import { parseCommand } from '../../../lib/ipvs/ipvsadm/parse-command.js'
import { formatSave, parseRestore } from '../../../lib/ipvs/save-format.js'
import type { SchedulerFlag, ServerState, ServiceWithServers, Tunnel } from '../../../lib/ipvs/types.js'
import { server, service } from './tables.js'

const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6().filter((address) => !address.includes('.'))
const port = fc.integer({ min: 1, max: 65535 })
/** The kernel's range, and the API's: ipvsadm takes 31 days. */
const seconds = fc.integer({ min: 1, max: 4294967 })

const schedulers = fc.oneof(
  fc.record({
    scheduler: fc.constantFrom('rr', 'wlc', 'lblc'),
    schedulerFlags: fc.subarray<SchedulerFlag>(['flag-1', 'flag-2', 'flag-3']),
  }),
  fc.record({
    scheduler: fc.constant('sh'),
    schedulerFlags: fc.subarray<SchedulerFlag>(['sh-fallback', 'sh-port', 'flag-3']),
  }),
  fc.record({
    scheduler: fc.constant('mh'),
    schedulerFlags: fc.subarray<SchedulerFlag>(['mh-fallback', 'mh-port', 'flag-3']),
  }),
)

const tunnel: fc.Arbitrary<Tunnel> = fc.oneof(
  fc.constant({ type: 'ipip' } as const),
  fc
    .tuple(port, fc.constantFrom('none', 'checksum', 'remote-checksum'))
    .map(([port, checksum]) => ({ type: 'gue', port, checksum }) as const),
  fc.constantFrom('none', 'checksum').map((checksum) => ({ type: 'gre', checksum }) as const),
)

const thresholds = fc
  .tuple(fc.nat(2147483647), fc.nat(2147483647))
  .map(([one, other]) => ({ upperThreshold: Math.max(one, other), lowerThreshold: Math.min(one, other) }))

/** A server such as the service may have: its family, and its port where packets are not translated. */
function servers(family: 'inet' | 'inet6', servicePort: number | undefined): fc.Arbitrary<ServerState> {
  const own = family === 'inet' ? ipv4 : ipv6
  const common = { weight: fc.nat(2147483647), thresholds }
  const translated = fc
    .record({ address: own, port, ...common })
    .map(({ thresholds, ...each }) => server(each.address, each.port, { ...each, ...thresholds }))
  const direct = fc.record({ address: own, port, ...common }).map(({ thresholds, ...each }) =>
    server(each.address, servicePort ?? each.port, {
      weight: each.weight,
      forwarding: 'direct',
      ...thresholds,
    }),
  )
  const tunnelled = fc
    .record({ address: fc.oneof(ipv4, ipv6), port, tunnel, ...common })
    .map(({ thresholds, ...each }) =>
      server(each.address, servicePort ?? each.port, {
        weight: each.weight,
        forwarding: 'tunnel',
        tunnel: each.tunnel,
        ...thresholds,
      }),
    )
  return fc.oneof(translated, direct, tunnelled)
}

const keys = fc.oneof(
  fc.record({ protocol: fc.constantFrom('tcp', 'udp', 'sctp'), address: fc.oneof(ipv4, ipv6), port }),
  fc.record({ fwmark: fc.integer({ min: 1, max: 0xffffffff }), family: fc.constantFrom('inet', 'inet6') }),
)

const services: fc.Arbitrary<ServiceWithServers> = keys.chain((key) => {
  const family = 'family' in key ? key.family : key.address.includes(':') ? 'inet6' : 'inet'
  const onePacket = 'fwmark' in key || key.protocol === 'udp' ? fc.boolean() : fc.constant(false)
  const prefixLength = fc.integer({ min: family === 'inet' ? 0 : 1, max: family === 'inet' ? 32 : 128 })
  return fc
    .record({
      scheduling: schedulers,
      persistence: fc.option(fc.record({ timeoutSeconds: seconds, prefixLength }), { nil: undefined }),
      persistenceEngine: fc.option(fc.constant('sip'), { nil: undefined }),
      onePacket,
      servers: fc.array(servers(family, 'port' in key ? key.port : undefined), { maxLength: 5 }),
    })
    .map(({ scheduling, persistence, persistenceEngine, onePacket, servers }) =>
      service(
        key,
        {
          ...scheduling,
          onePacket,
          ...(persistence && { persistence }),
          ...(persistence && persistenceEngine !== undefined && { persistenceEngine }),
        },
        servers,
      ),
    )
})

/** What restoring must ask for, in the words of the operations and not of the states. */
function expectedOperations(table: readonly ServiceWithServers[]): unknown[] {
  return table.flatMap((each) => {
    const key =
      'fwmark' in each
        ? { fwmark: each.fwmark, family: each.family }
        : { protocol: each.protocol, address: each.address, port: each.port }
    return [{ ...key, ...settingsOf(each) }, ...each.servers.map((one) => ({ key, ...serverSettings(one) }))]
  })
}

function settingsOf(each: ServiceWithServers): object {
  const full = 'fwmark' in each ? (each.family === 'inet' ? 32 : 128) : each.address.includes(':') ? 128 : 32
  return {
    scheduler: each.scheduler,
    schedulerFlags: [...each.schedulerFlags].sort(),
    persistence: each.persistence && { ...each.persistence, full: each.persistence.prefixLength === full },
    persistenceEngine: each.persistenceEngine,
    onePacket: each.onePacket,
  }
}

function serverSettings(each: ServerState): object {
  const { address, port, forwarding, weight, upperThreshold, lowerThreshold, tunnel } = each
  const kind = tunnel?.type === 'ipip' ? undefined : tunnel
  return { address, port, forwarding, weight, upperThreshold, lowerThreshold, tunnel: kind }
}

/** The same form for what was parsed. */
function describeOperations(text: string): unknown[] {
  return parseRestore(text).map((each) => {
    if (each.operation === 'addService') return describeService(each.service)
    assert.equal(each.operation, 'addServer')
    const { address, port, forwarding, weight, upperThreshold = 0, lowerThreshold = 0, tunnel } = each.server
    return { key: each.service, address, port, forwarding, weight, upperThreshold, lowerThreshold, tunnel }
  })
}

type Added = Extract<
  ReturnType<typeof parseRestore>[number],
  { operation: 'addService' | 'updateService' }
>['service']

function describeService({
  scheduler,
  schedulerFlags = [],
  persistence,
  persistenceEngine,
  onePacket,
  ...key
}: Added): object {
  const inet = 'family' in key ? key.family === 'inet' : !('address' in key && key.address.includes(':'))
  const full = inet ? 32 : 128
  const prefixLength = persistence?.prefixLength ?? full
  return {
    ...key,
    scheduler,
    schedulerFlags: [...schedulerFlags].sort(),
    persistence: persistence && { ...persistence, prefixLength, full: prefixLength === full },
    persistenceEngine,
    onePacket: onePacket ?? false,
  }
}

test('what is saved is restored, whatever the table', () => {
  fc.assert(
    fc.property(fc.array(services, { maxLength: 6 }), (table) => {
      assert.deepEqual(describeOperations(formatSave(table, { sort: false })), expectedOperations(table))
    }),
  )
})

const fragments = [
  '-A', '-E', '-D', '-a', '-e', '-d', '-L', '-Z', '-t', '-u', '-f', '-6', '-s', 'rr', '-p', '-M', '-r', '-m', '-i', '-g',
  '-w', '-x', '-y', '-b', 'sh-port', '-o', '--pe', '--tun-type', 'gue', '--tun-port', '--set', '--', '-', '', '=', '10.0.0.1:80',
  '[::1]:80', '10.1.0.1', '64', '255.255.255.0', '--start-daemon', 'master', '--mcast-group', '-n', '-c', '--stats',
] // prettier-ignore

test('any words at all are a command or are refused with a message', () => {
  const word = fc.oneof(
    fc.constantFrom(...fragments),
    fc.string(),
    fc.tuple(fc.constant('-'), fc.string()).map((t) => t.join('')),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 10 }), (words) => {
      try {
        assert.ok(parseCommand(words).operation)
      } catch (error) {
        if (!(error instanceof CommandLineError)) throw error
        assert.notEqual(error.message, '')
      }
    }),
    { numRuns: 2000 },
  )
})
