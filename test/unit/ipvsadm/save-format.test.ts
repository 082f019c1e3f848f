import assert from 'node:assert/strict'
import test from 'node:test'
import { formatSave, parseRestore } from '../../../lib/ipvs/save-format.js'
import { server, service, tcp, udp } from './tables.js'

const table = [
  service(tcp('10.0.0.1', 80), { scheduler: 'rr' }, [
    server('10.1.0.4', 80, { forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'none' } }),
    server('10.1.0.5', 80, { forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'checksum' } }),
    server('10.1.0.3', 99, { weight: 0, upperThreshold: 20, lowerThreshold: 10 }),
    server('127.0.0.1', 80, { forwarding: 'local' }),
    server('2001:db8::9', 80, { forwarding: 'tunnel', tunnel: { type: 'ipip' } }),
  ]),
  service(udp('10.0.0.6', 53), {
    persistence: { timeoutSeconds: 20, prefixLength: 24 },
    persistenceEngine: 'sip',
    onePacket: true,
    scheduler: 'sh',
    schedulerFlags: ['sh-port', 'flag-3'],
  }),
  service({ fwmark: 4294967295, family: 'inet6' }, {}, [server('2001:db8::7', 0)]),
]

test('a table is saved as ipvsadm -Sn saves it', () => {
  assert.deepEqual(formatSave(table.slice(0, 2), { thresholds: false }).split('\n'), [
    '-A -t 10.0.0.1:80 -s rr',
    '-a -t 10.0.0.1:80 -r 10.1.0.3:99 -m -w 0',
    '-a -t 10.0.0.1:80 -r 10.1.0.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
    '-a -t 10.0.0.1:80 -r 10.1.0.5:80 -i -w 1 --tun-type gre --tun-csum',
    '-a -t 10.0.0.1:80 -r [2001:db8::9]:80 -i -w 1 --tun-type ipip',
    '-a -t 10.0.0.1:80 -r 127.0.0.1:80 -g -w 1',
    '-A -u 10.0.0.6:53 -s sh -p 20 -M 255.255.255.0 --pe sip -o -b sh-port,flag-3',
    '',
  ])
})

test("thresholds are kept unless ipvsadm's own text is asked for", () => {
  assert.match(formatSave(table), /^-a -t 10\.0\.0\.1:80 -r 10\.1\.0\.3:99 -m -w 0 -x 20 -y 10$/m)
})

test('a mark beyond 2^31 is saved as a number that can be restored', () => {
  assert.match(formatSave(table), /^-A -f 4294967295 -6 -s wlc$/m)
})

test('an empty table is saved as nothing, and nothing restores nothing', () => {
  assert.equal(formatSave([]), '')
  assert.deepEqual(parseRestore(''), [])
})

test('operations carry their line; empty lines, comments and the word ipvsadm count for nothing', () => {
  const text = '# saved\n\nipvsadm -A -t 10.0.0.1:80 -s rr\r\n \t\n-C\n  -Z -t 10.0.0.1:80 '
  assert.deepEqual(parseRestore(text), [
    {
      operation: 'addService',
      service: { protocol: 'tcp', address: '10.0.0.1', port: 80, scheduler: 'rr' },
      line: 3,
      text: 'ipvsadm -A -t 10.0.0.1:80 -s rr\r',
    },
    { operation: 'flush', line: 5, text: '-C' },
    {
      operation: 'zero',
      service: { protocol: 'tcp', address: '10.0.0.1', port: 80 },
      line: 6,
      text: '  -Z -t 10.0.0.1:80 ',
    },
  ])
})

const wrongLines: Readonly<Record<string, RegExp>> = {
  '-A -t 10.0.0.1:80 -w 3': /^line 2: Illegal 'weight' option with the 'add-service' command: -A/,
  '-A -t 10.0.0.1:80 --bogus': /^line 2: --bogus: unknown option/,
  '10.0.0.1:80': /^line 2: the first option is not a command/,
  '-A -t somewhere:http': /^line 2: illegal virtual server address/,
  '-Ln': /^line 2: not a command that changes the table: -Ln/,
  '-R': /^line 2: not a command that changes the table/,
}

for (const [line, message] of Object.entries(wrongLines)) {
  test(`the line ${line} is named when it cannot be restored`, () => {
    const error = { code: 'ERR_RESTORE_LINE', name: 'RestoreLineError', line: 2, text: line, message }
    assert.throws(() => parseRestore(`-C\n${line}\n-C\n`), error)
  })
}
