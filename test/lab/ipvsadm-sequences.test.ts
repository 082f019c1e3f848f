/** Fixed sequences that use every option, each run through the real ipvsadm and through ours. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, afterEach, before } from 'node:test'
import { IpvsadmPair } from '../support/ipvsadm-pair.js'
import { runRealIpvsadm } from '../support/real-ipvsadm.js'
import { refusals } from '../unit/ipvsadm/refusals.js'

const namespace = 'ipvsadm-sequences'
let pair: IpvsadmPair

before(async () => {
  pair = await IpvsadmPair.open(namespace)
})
afterEach(() => pair.clear())
after(() => pair.close())

/** Command lines of which each is run by itself. */
async function same(...lines: readonly string[]): Promise<void> {
  await pair.same(...lines.map((line) => ({ words: line.split(' ') })))
}

/** Lines that the kernel takes or refuses, all in one process. */
async function sameRestored(...lines: readonly string[]): Promise<void> {
  await pair.same({ words: ['-R'], stdin: lines.map((line) => `${line}\n`).join('') })
}

test('what is refused before the kernel is asked', async () => {
  const outcomes = await pair.same(...refusals)
  assert.deepEqual(
    refusals.filter((_, index) => outcomes[index]?.exitCode === 0),
    [],
  )
})

test('services of every kind', async () => {
  await sameRestored(
    '-A -t 10.0.0.1:80',
    '-A -t10.0.0.2:80 -s rr',
    '-A -t=10.0.0.3:80 -s=wrr',
    '--add-service --tcp-service=10.0.0.4:http -p',
    '--add-service --udp-service 10.0.0.4:domain --persistent --ops',
    '-A -u 10.0.0.5:53 -op50 -s lc',
    '-A -u 10.0.0.6:53 -p 20 -M 255.255.255.0 -s lblc',
    '-A -u 10.0.0.7:53 -p 20 -M 255.0.255.0',
    '-A -u 10.0.0.7:53 -p 20 --netmask 0.0.0.0 -s lblcr',
    '-A -t [2001:db8::1]:80 -p 20 -M 64 -s dh',
    '-A -t 2001:db8::2 -p 2678400 -s sed',
    '-A -t 10.0.0.8 -p -s nq',
    '-A --sctp-service 10.0.0.9:132 -s fo',
    '-A -f 1 -s ovf',
    '-A -f 1 -6 -s sh -b sh-port,sh-fallback',
    '-A -f 2 -s mh --sched-flags mh-port',
    '-A -f 3 -s wlc -b flag-1,,flag-3,',
    '-A -f 4 --ipv6 -p 5 -M 48',
    '-A -u 10.0.0.10:5060 -p 60 --pe sip',
    '-A -u 10.0.0.11:5060 -o --pe sip',
    '-A -t 192.168.0.1:80',
    '-A -t 10.1:94',
    '-A -t 0x0a.1:93',
    '-A -t 010.1.1.1:92',
    '-A -t localhost:https',
    '-A -t [10.0.0.12]:95 -p',
    '-A -t 224.0.0.1:80',
    '-A -t 0.0.0.0:80',
    '-A -M 64 -t [::1]:82 -p',
    '-A -f 7 -M 255.0.0.0 -6 -p',
    '-A -t [::1]:81 -p -M 64abc',
  )
})

test('services are edited, zeroed and removed', async () => {
  await same(
    '-A -t 10.0.0.1:80 -s sh -b sh-port -p 40',
    '-E -t 10.0.0.1:80 -s rr',
    '-A -f 9 -p 5 -M 255.255.0.0',
    '--edit-service --fwmark-service 9 --scheduler wrr --persistent 6',
    '-Z -t 10.0.0.1:80',
    '-Z',
    '--zero -f 9',
    '-D -f 9',
    '--delete-service -t 10.0.0.1:80',
  )
})

test('servers of every kind', async () => {
  await sameRestored(
    '-A -t 10.0.0.1:80 -s rr',
    '-A -t [2001:db8::1]:80',
    '-A -f 1 -6',
    '-A -f 2',
    '-a -t 10.0.0.1:80 -r 10.1.0.1',
    '-a -t 10.0.0.1:80 -r 10.1.0.2:99 -m -w 2147483647',
    '-a -t 10.0.0.1:80 -r 10.1.0.3:99 -g -w 0',
    '-a -t 10.0.0.1:80 -r 10.1.0.4:99 --masquerading -x 2147483647 -y 20',
    '-a -t 10.0.0.1:80 -r 10.1.0.5 -i',
    '-a -t 10.0.0.1:80 -r 10.1.0.6 --ipip --tun-type ipip --weight 7',
    '-a -t 10.0.0.1:80 -r 10.1.0.7 -i --tun-type gue --tun-port 6080',
    '-a -t 10.0.0.1:80 -r 10.1.0.8 -i --tun-type gue --tun-port 6080 --tun-csum',
    '-a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 6080 --tun-remcsum',
    '-a -t 10.0.0.1:80 -r 10.1.0.10 -i --tun-type gre --tun-nocsum',
    '-a -t 10.0.0.1:80 -r 10.1.0.11 -i --tun-type gre --tun-csum',
    '-a -t 10.0.0.1:80 -r 2001:db8::9 -i',
    '-a -t 10.0.0.1:80 -r 127.0.0.1 --gatewaying',
    '-a -t 10.0.0.1:80 -r localhost:www -m -w 3',
    '-a -r 10.1.0.12 -m -t 10.0.0.1:80',
    '-a -r 10.1.0.13:8080 -m -t 10.0.0.1:80 --u-threshold 5 --l-threshold 5',
    '--add-server -t [2001:db8::1]:80 --real-server [2001:db8::2]:81 -m',
    '-a -t [2001:db8::1]:80 -r 10.1.0.1 -i',
    '-a -f 1 -6 -r [2001:db8::8]:0 -m',
    '-a -f 1 -r 2001:db8::7 -m -6',
    '-a -f 2 -r 10.1.0.1:8080',
    '-e -t 10.0.0.1:80 -r 10.1.0.1 -w 9 -x 7',
    '--edit-server -t 10.0.0.1:80 -r 10.1.0.2:99 -m',
    '-e -t 10.0.0.1:80 -r 10.1.0.5 -i --tun-type gre',
    '-d -t 10.0.0.1:80 -r 10.1.0.3:80',
    '--delete-server -f 2 -r 10.1.0.1:8080',
  )
})

test('what the kernel refuses', async () => {
  await sameRestored(
    '-A -t 10.0.0.1:80',
    '-A -t 10.0.0.1:80',
    '-A -t 10.0.0.2:80 -s nosuch',
    '-A -t 10.0.0.1:80 -s nosuch',
    '-A -t 10.0.0.2:80 -s averylongschedulername',
    '-A -t 10.0.0.2:80 -s \u00e9',
    '-A -t 10.0.0.2:80 -p --pe nosuch',
    '-A -t 10.0.0.2:80 -p --pe averylongpersistenceengine',
    '-E -t 10.0.0.2:80',
    '-E -t 10.0.0.1:80 -s nosuch',
    '-D -t 10.0.0.2:80',
    '-Z -t 10.0.0.2:80',
    '-Z -f 1',
    '-a -t 10.0.0.1:80 -r 10.1.0.1',
    '-a -t 10.0.0.1:80 -r 10.1.0.1',
    '-a -t 10.0.0.2:80 -r 10.1.0.1',
    '-a -t 10.0.0.1:80 -r 10.1.0.2 -x 1 -y 2',
    '-a -t 10.0.0.2:80 -r 10.1.0.2 -x 1 -y 2',
    '-a -t 10.0.0.1:80 -r 10.1.0.1 -x 1 -y 2',
    '-a -t 10.0.0.1:80 -r 224.0.0.1',
    '-a -t 10.0.0.1:80 -r 0.0.0.0',
    '-a -t 10.0.0.1:80 -r 255.255.255.255',
    '-a -t 10.0.0.1:80 -r ::ffff:10.0.0.11 -i',
    '-a -t 10.0.0.1:80 -r ff02::1 -i',
    '-a -t 10.0.0.1:80 -r :: -i',
    '-a -t 10.0.0.1:80 -r fe80::1 -i',
    '-a -t 10.0.0.2:80 -r 224.0.0.1',
    '-e -t 10.0.0.1:80 -r 10.1.0.7',
    '-e -t 10.0.0.2:80 -r 10.1.0.1',
    '-e -t 10.0.0.1:80 -r 224.0.0.1',
    '-e -t 10.0.0.1:80 -r 10.1.0.1 -x 1 -y 2',
    '-e -t 10.0.0.1:80 -r 10.1.0.7 -x 1 -y 2',
    '-d -t 10.0.0.1:80 -r 10.1.0.7',
    '-d -t 10.0.0.1:80 -r 224.0.0.1',
    '-d -t 10.0.0.2:80 -r 10.1.0.1',
    '-A -f 5',
    '-A -f 5',
  )
  await same('-A -t 10.0.0.1:80', '-E -f 1', '-Ln -t 10.0.0.9:80', '-Ln -f 5 -6')
})

test('timeouts', async () => {
  const { tcpSeconds, tcpFinSeconds, udpSeconds } = await pair.here.ipvs.timeouts()
  await same(
    '-L --timeout',
    '--set 100 20 30',
    '1 --set 0 3',
    '--list --timeout --tun-info',
    '--set 0 0 0',
    '--set 2678400 2678400 2678400',
    `--set ${tcpSeconds} ${tcpFinSeconds} ${udpSeconds}`,
    '-L --timeout',
  )
})

test('synchronisation daemons', async () => {
  const device = 'ipvsadm0'
  for (const prefix of [[], ['-n', namespace]]) {
    execFileSync('ip', [...prefix, 'link', 'add', device, 'type', 'dummy'])
    execFileSync('ip', [...prefix, 'addr', 'add', '10.250.0.1/24', 'dev', device])
    execFileSync('ip', [...prefix, 'link', 'set', device, 'up'])
  }
  try {
    await same(
      '-L --daemon',
      '--start-daemon master',
      '--start-daemon master --mcast-interface averyveryverylonginterfacename',
      `--start-daemon master --mcast-interface ${device}`,
      `--start-daemon master --mcast-interface ${device}`,
      '-L --daemon',
      `--start-daemon=backup --mcast-interface ${device} --syncid 7 --sync-maxlen 1400 --mcast-group 224.0.0.99 --mcast-port 9000 --mcast-ttl 5`,
      '-L --daemon -n',
      '--stop-daemon master --syncid 3',
      '--stop-daemon backup',
      '--stop-daemon backup',
      '--start-daemon backup --mcast-interface lo --mcast-group ff02::81',
      '-L --daemon',
      '--stop-daemon backup',
    )
  } finally {
    for (const prefix of [[], ['-n', namespace]]) execFileSync('ip', [...prefix, 'link', 'delete', device])
  }
})

const restored: Readonly<Record<string, string>> = {
  'goes on after what the kernel refuses': '-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80\n-A -t 10.0.0.2:80\n',
  'returns what the last line came to': '-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80',
  'goes on after an unknown option': '-A -t 10.0.0.1:80\n-A -t 10.0.0.2:80 -z\n-A -t 10.0.0.3:80\n',
  'returns the failure of an unknown option in the last line': '-A -t 10.0.0.1:80\n-A -q\n',
  'ends at a comment': '-A -t 10.0.0.1:80\n# comment\n-A -t 10.0.0.2:80\n',
  'ends at a wrong combination': '-A -t 10.0.0.1:80\n-A -t 10.0.0.2:80 -w 5\n-A -t 10.0.0.3:80\n',
  'ends at a restore within': '-A -t 10.0.0.1:80\n-R\n-A -t 10.0.0.2:80\n',
  'ends at an unknown command': '-A -t 10.0.0.1:80\n-Q\n-A -t 10.0.0.2:80\n',
  'takes every command': '-A -t 10.0.0.1:80\n-Ln\n-Sn\n-Z\n-C\n-L --timeout\n-A -f 1\n-D -f 2\n-Ln -f 1\n',
  'passes over the word ipvsadm, blanks and empty lines':
    'ipvsadm -A -t 10.0.0.1:80\n\n \t \n  -A  -t\t10.0.0.2:80 ipvsadm -s rr \r\n',
  'takes a last line without a line feed': '-A -t 10.0.0.1:80 -s rr ',
  'takes nothing at all': '',
}

for (const [behaviour, text] of Object.entries(restored)) {
  test(`-R ${behaviour}`, async () => {
    await pair.same({ words: ['-R'], stdin: text })
  })
}

test('what one saves, the other restores', async () => {
  const lines = [
    '-A -t 10.0.0.1:80 -p 20 -M 255.255.0.0',
    '-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gre --tun-csum',
  ]
  const [, saved] = runRealIpvsadm([{ words: ['-R'], stdin: lines.join('\n') }, { words: ['-Sn'] }])
  assert.deepEqual(await pair.there.ipvs.restore(saved?.stdout ?? ''), { applied: 2, failed: [] })
  await pair.same()
  await pair.here.ipvs.flush()
  const [restored] = runRealIpvsadm([{ words: ['-R'], stdin: await pair.there.ipvs.save() }])
  assert.equal(restored?.exitCode, 0)
  await pair.same()
})
