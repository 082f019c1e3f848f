/** Every listing of one and the same table, by the real ipvsadm and by ours, with traffic in it. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import test, { after, before } from 'node:test'
import { IpvsadmPair } from '../support/ipvsadm-pair.js'
import { runRealIpvsadm } from '../support/real-ipvsadm.js'

const lines = [
  '-A -u 127.0.0.1:5353 -s rr',
  '-a -u 127.0.0.1:5353 -r 127.0.0.1:5354 -m -w 7 -x 100 -y 50',
  '-A -u 127.0.0.1:5060 -p 60 --pe sip',
  '-a -u 127.0.0.1:5060 -r 127.0.0.1:5062 -m',
  '-A -t 127.0.0.1:8080 -p 100 -M 255.255.255.0 -s sh -b sh-port',
  '-a -t 127.0.0.1:8080 -r 127.0.0.1:8081 -m',
  '-A -u [::1]:5353 -o',
  '-a -u [::1]:5353 -r [::1]:5354 -m',
  '-A --sctp-service 10.0.0.1:80 -p 5',
  '-a --sctp-service 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gue --tun-port 6080 --tun-remcsum',
  '-a --sctp-service 10.0.0.1:80 -r 2001:db8::1 -i --tun-type gre',
  '-a --sctp-service 10.0.0.1:80 -r 192.168.0.1 -i',
  '-A -f 1 -s mh -b mh-fallback,mh-port',
  '-a -f 1 -r 10.1.0.1:8080 -m',
  '-A -f 1 -6',
]

let pair: IpvsadmPair

before(async () => {
  pair = await IpvsadmPair.open('ipvsadm-listings')
  const [restored] = runRealIpvsadm([{ words: ['-R'], stdin: lines.join('\n') }])
  assert.deepEqual(restored, { exitCode: 0, stdout: '', stderr: '' })
  await sendTraffic()
})
after(() => pair.close())

/** A few datagrams and a connection that nobody answers. */
async function sendTraffic(): Promise<void> {
  const invite = 'INVITE sip:someone SIP/2.0\r\nCall-ID: 1234@localhost\r\nContent-Length: 0\r\n\r\n'
  await sendDatagrams('udp4', '127.0.0.1', [
    [5353, 'hello'],
    [5353, 'hello again'],
    [5060, invite],
  ])
  await sendDatagrams('udp6', '::1', [[5353, 'hello']])
  const socket = connect(8080, '127.0.0.1')
  await once(socket, 'error')
}

async function sendDatagrams(
  family: 'udp4' | 'udp6',
  address: string,
  datagrams: readonly (readonly [port: number, text: string])[],
): Promise<void> {
  const socket = createSocket(family)
  for (const [port, text] of datagrams) {
    await new Promise<void>((resolve, reject) => {
      socket.send(text, port, address, (error) => (error === null ? resolve() : reject(error)))
    })
  }
  socket.close()
}

const columns = ['', '--stats', '--rate', '--thresholds', '--persistent-conn', '--tun-info'] as const

for (const column of columns) {
  test(`-L ${column || 'alone'}, numeric and with names, sorted and not, in full and abbreviated`, async () => {
    const words = column === '' ? [] : [column]
    await pair.sameListings(
      ['-L', ...words],
      ['-Ln', '--exact', ...words],
      ['--list', '--numeric', '--nosort', ...words],
    )
  })
}

test('of several kinds of columns, the same ones win', async () => {
  await pair.sameListings(
    ['-Ln', '--rate', '--stats'],
    ['-Ln', '--thresholds', '--rate'],
    ['-Ln', '--persistent-conn', '--thresholds'],
    ['-Ln', '--tun-info', '--persistent-conn'],
  )
})

test('one service', async () => {
  await pair.sameListings(
    ['-Lnt', '127.0.0.1:8080', '--stats'],
    ['-L', '-u', '[::1]:mdns'],
    ['-Ln', '-f', '1', '-6'],
    ['-L', '--sctp-service', '10.0.0.1:80', '--tun-info'],
  )
})

test('the table without a word, and saved', async () => {
  const [table] = await pair.sameListings([], ['-S'], ['-Sn'])
  assert.match(table ?? '', /^IP Virtual Server version 1\.2\.1/)
})

test('connections', async () => {
  const [numeric, , withEngines] = await pair.sameListings(
    ['-Lnc'],
    ['-L', '-c'],
    ['-Lnc', '--persistent-conn'],
  )
  assert.match(numeric ?? '', /^UDP \d\d:\d\d +UDP +127\.0\.0\.1:\d+ +127\.0\.0\.1:5353 +127\.0\.0\.1:5354$/m)
  assert.match(withEngines ?? '', /sip +1234@localhost$/m)
})

test('timeouts and daemons', async () => {
  await pair.sameListings(['-L', '--timeout'], ['-L', '--daemon'])
})
