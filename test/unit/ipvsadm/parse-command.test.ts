import assert from 'node:assert/strict'
import test from 'node:test'
import type { Command } from '../../../lib/ipvs/ipvsadm/command.js'
import { CommandLineError } from '../../../lib/ipvs/ipvsadm/errors.js'
import type { NamesToNumbers } from '../../../lib/ipvs/ipvsadm/names.js'
import { parseCommand } from '../../../lib/ipvs/ipvsadm/parse-command.js'
import { refusals } from './refusals.js'

const names: NamesToNumbers = {
  address: (host) => ({ localhost: '127.0.0.1' })[host],
  port: (service, protocol) => (protocol === 'tcp' ? { http: 80, www: 80 }[service] : undefined),
}

function parse(line: string): Command {
  return parseCommand(line === '' ? [] : line.split(' '), names)
}

for (const { words, kind, message } of refusals) {
  test(`ipvsadm ${words.join(' ')} is refused: ${message?.trim() ?? kind}`, () => {
    assert.throws(
      () => parseCommand(words, names),
      (error) => {
        assert.ok(error instanceof CommandLineError)
        assert.equal(error.kind, kind)
        if (message !== undefined) assert.equal(error.message, message)
        return true
      },
    )
  })
}

const tcp80 = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const
const listTable = { columns: 'connections', numeric: false, exact: false, sort: true } as const

const accepted: Readonly<Record<string, Command>> = {
  '': { operation: 'listTable', format: listTable },
  '-Ln': { operation: 'listTable', format: { ...listTable, numeric: true } },
  '-ln': { operation: 'listTable', format: { ...listTable, numeric: true } },
  '-L --stats --rate --thresholds --exact --nosort --sort --syncid 5': {
    operation: 'listTable',
    format: { columns: 'stats', numeric: false, exact: true, sort: false },
  },
  '-L --tun-info --persistent-conn -X': {
    operation: 'listTable',
    format: { ...listTable, columns: 'persistent-connections', exact: true },
  },
  '-Lnt 10.0.0.1:80': { operation: 'listTable', service: tcp80, format: { ...listTable, numeric: true } },
  '-Lnt10.0.0.1:80': { operation: 'listTable', service: tcp80, format: { ...listTable, numeric: true } },
  '-Lc --persistent-conn': { operation: 'listConnections', numeric: false, persistenceEngineData: true },
  '-L --timeout --tun-info': { operation: 'listTimeouts' },
  '-L --daemon': { operation: 'listDaemons' },
  '-S -n': { operation: 'save', numeric: true },
  '-R': { operation: 'restore' },
  '-help': { operation: 'help' },
  '-v': { operation: 'version' },
  '-C': { operation: 'flush' },
  '-Z': { operation: 'zero' },
  '-Z -t 0.0.0.0:0': { operation: 'zero' },
  '-Z -f 3 -6': { operation: 'zero', service: { fwmark: 3, family: 'inet6' } },
  '1 --set 0 3': { operation: 'setTimeouts', timeouts: { tcpSeconds: 1, udpSeconds: 3 } },

  '-A -t 10.0.0.1:80': { operation: 'addService', service: { ...tcp80, scheduler: 'wlc' } },
  '-A -t10.0.0.1:http -s=': { operation: 'addService', service: { ...tcp80, scheduler: 'wlc' } },
  '--add-service --tcp-service=10.1:+80 -s averylongschedulername': {
    operation: 'addService',
    service: { ...tcp80, address: '10.0.0.1', scheduler: 'averylongschedu' },
  },
  '-A -t 0x0a.1:80': { operation: 'addService', service: { ...tcp80, scheduler: 'wlc' } },
  '-A -t 010.1:80': { operation: 'addService', service: { ...tcp80, address: '8.0.0.1', scheduler: 'wlc' } },
  '-A -t localhost:www': {
    operation: 'addService',
    service: { ...tcp80, address: '127.0.0.1', scheduler: 'wlc' },
  },
  '-E -u 10.0.0.5:53 -op50 -M 255.255.255.0 -b ,flag-1,,flag-3': {
    operation: 'updateService',
    service: {
      protocol: 'udp',
      address: '10.0.0.5',
      port: 53,
      scheduler: 'wlc',
      schedulerFlags: ['flag-1', 'flag-3'],
      persistence: { timeoutSeconds: 50, prefixLength: 24 },
      onePacket: true,
    },
  },
  '-A -t 2001:db8::2 -p --pe sip -M 64abc': {
    operation: 'addService',
    service: {
      protocol: 'tcp',
      address: '2001:db8::2',
      port: 0,
      scheduler: 'wlc',
      persistence: { timeoutSeconds: 360, prefixLength: 64 },
      persistenceEngine: 'sip',
    },
  },
  '-A -M 64 -t [::1]:82 -p': {
    operation: 'addService',
    service: {
      protocol: 'tcp',
      address: '::1',
      port: 82,
      scheduler: 'wlc',
      persistence: { timeoutSeconds: 360 },
    },
  },
  '-A -f 7 -M 255.0.0.0 -6 -p5': {
    operation: 'addService',
    service: { fwmark: 7, family: 'inet6', scheduler: 'wlc', persistence: { timeoutSeconds: 5 } },
  },
  '-D --sctp-service 10.0.0.1:80': { operation: 'removeService', service: { ...tcp80, protocol: 'sctp' } },

  '-a -t 10.0.0.1:80 -r 10.1.0.9:8080': {
    operation: 'addServer',
    service: tcp80,
    server: { address: '10.1.0.9', port: 80, forwarding: 'direct', weight: 1 },
  },
  '-a -t 10.0.0.1:80 -r 10.1.0.9:8080 -m -w 0 -x 20 -y 10': {
    operation: 'addServer',
    service: tcp80,
    server: {
      address: '10.1.0.9',
      port: 8080,
      forwarding: 'masquerade',
      weight: 0,
      upperThreshold: 20,
      lowerThreshold: 10,
    },
  },
  '-a -r 10.1.0.7 -m -t 10.0.0.1:80': {
    operation: 'addServer',
    service: tcp80,
    server: { address: '10.1.0.7', port: 0, forwarding: 'masquerade', weight: 1 },
  },
  '-e -t 10.0.0.1:80 -r [2001:db8::9]:1 -i --tun-type gue --tun-port 6080 --tun-csum': {
    operation: 'updateServer',
    service: tcp80,
    server: {
      address: '2001:db8::9',
      port: 80,
      forwarding: 'tunnel',
      weight: 1,
      tunnel: { type: 'gue', port: 6080, checksum: 'checksum' },
    },
  },
  '-a -f 1 -r [2001:db8::7]:0 -m -6': {
    operation: 'addServer',
    service: { fwmark: 1, family: 'inet6' },
    server: { address: '2001:db8::7', port: 0, forwarding: 'masquerade', weight: 1 },
  },
  '-d -t 10.0.0.1:80 -r 10.1.0.9:8080': {
    operation: 'removeServer',
    service: tcp80,
    server: { address: '10.1.0.9', port: 8080 },
  },

  '--start-daemon master': { operation: 'startDaemon', daemon: { state: 'master', interface: 'eth0' } },
  '--start-daemon=backup --mcast-interface averyverylonginterface --syncid 7 --sync-maxlen 1400 --mcast-group ff02::81 --mcast-port 9000 --mcast-ttl 5':
    {
      operation: 'startDaemon',
      daemon: {
        state: 'backup',
        interface: 'averyverylongin',
        syncId: 7,
        maxLength: 1400,
        group: 'ff02::81',
        port: 9000,
        ttl: 5,
      },
    },
  '--stop-daemon master --syncid 3': { operation: 'stopDaemon', daemon: { state: 'master', syncId: 3 } },
}

for (const [line, command] of Object.entries(accepted)) {
  test(`ipvsadm ${line} is understood`, () => {
    assert.deepEqual(parse(line), command)
  })
}

test('a persistent mask with a hole is kept as a mask', () => {
  assert.deepEqual(parse('-A -t 10.0.0.1:80 -p 60 -M 255.0.255.0'), {
    operation: 'addService',
    service: {
      protocol: 'tcp',
      address: '10.0.0.1',
      port: 80,
      scheduler: 'wlc',
      persistence: { timeoutSeconds: 60, netmask: '255.0.255.0' },
    },
  })
})
