/** The ipset command line: whatever the real tool of the same version says and does, ours says and does. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type Invocation, IpsetPair, ourIpset } from '../support/ipset-pair.js'
import { withNamespace } from '../support/namespace.js'
import { realIpset, skipWithoutIpset } from '../support/real-ipset.js'

const skip = skipWithoutIpset

function same(name: string, ...invocations: readonly Invocation[]): void {
  test(name, { skip }, () =>
    IpsetPair.use(async (pair) => {
      await pair.same(...invocations)
    }),
  )
}

same(
  'commands by their long, short and abbreviated names',
  'create a hash:ip',
  'n b hash:ip',
  '-N c hash:ip',
  '--create d hash:ip',
  'add a 10.0.0.1',
  '-A a 10.0.0.2',
  'a a 10.0.0.3',
  'del a 10.0.0.1',
  '-D a 10.0.0.2',
  'test a 10.0.0.3',
  '-T a 10.0.0.1',
  'rename b e',
  '-E e f',
  'swap a c',
  'w a c',
  'flush a',
  '-F',
  'destroy f',
  'x d',
  '-X',
)

same(
  'what is wrong with a command line',
  '',
  'nonsense',
  'create',
  'create a',
  'create a hash:nonsense',
  'create a hash:ip family inet7',
  'create a hash:ip netmask 33',
  'create a hash:ip maxelem many',
  'create a hash:ip nonsense',
  'create a hash:ip timeout',
  'create a bitmap:ip',
  'create a bitmap:port range 0-70000',
  'create averyverylongnameforasetthatistoolong hash:ip',
  'create a hash:ip',
  'create a hash:ip',
  'create a hash:net',
  'add a',
  'add a 10.0.0.300',
  'add a 10.0.0.0/33',
  'add a 10.0.0.1,80',
  'add a 2001:db8::1',
  'add a 10.0.0.1 timeout 5',
  'add a 10.0.0.1 comment x',
  'add a 10.0.0.1 nomatch',
  'add a 0.0.0.0',
  'add a 10.0.0.1',
  'add a 10.0.0.1',
  'del a 10.0.0.9',
  'test missing 10.0.0.9',
  'add missing 10.0.0.9',
  'destroy missing',
  'rename missing b',
  'swap a missing',
  'list missing',
  'save missing',
  'flush missing',
  '-o json list',
  '-o nonsense list',
  'list -o',
  'list a b',
  'restore x',
  'quit',
  'add a 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32',
)

same(
  '-exist and -quiet',
  'create a hash:ip',
  '-exist create a hash:ip',
  'create -! a hash:ip',
  '-exist create a hash:net',
  'add a 10.0.0.1',
  'add a 10.0.0.1 -exist',
  'del a 10.0.0.2 -exist',
  '-q del a 10.0.0.2',
  '-q test a 10.0.0.1',
  '-q test a 10.0.0.2',
  '-quiet add a nonsense/99',
  '-exist destroy missing',
)

const everyKind = `
create bi bitmap:ip range 10.0.0.0/24 netmask 28 counters
create bim bitmap:ip,mac range 10.0.0.0-10.0.0.255 comment
create bp bitmap:port range 1-1024 skbinfo
create hi hash:ip family inet hashsize 64 maxelem 100 counters comment bucketsize 4 initval 0x00000001
create hi6 hash:ip family inet6
create hib hash:ip bitmask 255.255.255.0
create hip hash:ip,port timeout 0
create hipi hash:ip,port,ip
create hipn hash:ip,port,net
create hn hash:net forceadd
create hnp hash:net,port family inet6
create hni hash:net,iface
create ls list:set size 8
add bi 10.0.0.0 packets 5 bytes 500
add bi 10.0.0.16-10.0.0.63
add bim 10.0.0.1,00:11:22:33:44:55 comment "with blanks in it"
add bim 10.0.0.2
add bp 80 skbmark 0x10/0xff skbprio 1:10 skbqueue 3
add bp 100-110
add hi 10.0.0.1 packets 1 bytes 2 comment "one two"
add hi 10.0.1.0/30
add hi 10.0.2.1-10.0.2.3
add hi6 2001:db8::1
add hib 10.1.2.3
add hip 10.0.0.1,80
add hip 10.0.0.1,udp:53
add hip 10.0.0.1,tcp:8080-8083 timeout 0
add hip 10.0.0.1,sctp:9
add hip 10.0.0.1,icmp:echo-request
add hip 10.0.0.1,icmp:8/1
add hip 10.0.0.1,gre:0
add hipi 10.0.0.1,80,10.0.0.2
add hipn 10.0.0.1,80,10.0.2.0/24
add hipn 10.0.0.1,80,10.0.2.0/25 nomatch
add hn 10.0.0.0/8
add hn 10.1.0.0/16 nomatch
add hn 192.168.0.0-192.168.3.255
add hnp 2001:db8::/32,tcp:80
add hnp 2001:db8::/32,icmpv6:ping
add hni 10.0.0.0/8,eth0
add hni 10.0.0.0/8,physdev:eth1
add hni 10.0.0.0/9,ppp wildcard
add ls hi
add ls hn before hi
add ls hip after hi
`

test('every type and option that this kernel has: restored, listed and saved alike', { skip }, () =>
  IpsetPair.use(async (pair) => {
    await pair.same(['restore', everyKind])
    await pair.sameReading('save', 'list', 'list hip', 'save ls', 'list -t', 'list -n', 'list -n hi')
    await pair.sameReading('list -o xml', 'list -o xml -t', 'list -o xml -n', 'save -o plain', 'list -o save')
    await pair.sameReading('-s list', '-sorted save', 'list -s -o xml hip', 'list -t -o save')
  }),
)

same(
  'a restore that fails, and where',
  ['restore', 'create a hash:ip\nadd a 10.0.0.1\nadd a 10.0.0.1\nadd a 10.0.0.2\n'],
  ['restore', 'add a 10.0.0.3\nadd a 10.0.0.4\nadd a 10.0.0.5/99\n'],
  ['restore', '\n# a comment\n  # another\n\nadd a 10.0.0.6\n\nadd missing 10.0.0.7\n'],
  ['restore', 'add a 10.0.0.8\nnonsense\n'],
  ['restore', 'add a 10.0.0.8\nrestore\n'],
  ['restore', 'add a "10.0.0.8\n'],
  ['restore', 'create t hash:ip,port\nadd t 10.0.0.1,tcp:nonsense\n'],
  ['restore', 'test a 10.0.0.1\nadd a 10.0.0.9\n'],
  ['restore', 'test a 10.9.9.9\nadd a 10.0.0.9\n'],
  ['restore', 'create p hash:ip probes 5\nadd p 10.0.0.1\n'],
  ['restore', 'add a 10.0.0.10\nquit\nadd a 10.0.0.11\n'],
)

same(
  'a restore with options, commits and answers',
  ['restore -exist', 'create a hash:ip\nadd a 10.0.0.1\nadd a 10.0.0.1\ndel a 10.0.0.2\n'],
  ['-! restore', 'create a hash:ip\nadd a 10.0.0.1'],
  ['restore', 'add a 10.0.0.3\nCOMMIT\nadd a 10.0.0.3 -exist\nadd a 10.0.0.3\n'],
  ['restore', 'list a\nsave\nlist -n\n'],
  ['restore -o xml', 'list a\n'],
  ['-q restore', 'add a 10.0.0.1\n'],
  ['restore', 'create b hash:ip\nswap a b\nrename a c\ndestroy b\nflush\n'],
  ['restore', ''],
)

same('a conversation', [
  '-',
  'create a hash:ip\n\nadd a 10.0.0.1\nadd a 10.0.0.1\n# nothing\nnonsense\nrestore\nversion\nlist -n\ntest a 10.0.0.2\nquit\nadd a 10.0.0.9\n',
])

test('-file is read by restore, and written by list and save', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  try {
    writeFileSync(join(folder, 'in'), 'create a hash:ip\nadd a 10.0.0.1\nadd a 10.0.0.1\n')
    await IpsetPair.use(async (pair) => {
      await pair.same(`restore -file ${folder}/in`, `restore -f ${folder}/missing`)
      await pair.same(`list -f ${folder}/missing/out`)
    })
    await withNamespace(async ({ path }) => {
      realIpset(path, ['create', 'a', 'hash:ip'])
      for (const command of ['list', 'save']) {
        realIpset(path, [command, '-file', join(folder, 'theirs')])
        await ourIpset(path, [command, '-file', join(folder, 'ours')], '')
        assert.equal(readFileSync(join(folder, 'ours'), 'utf8'), readFileSync(join(folder, 'theirs'), 'utf8'))
      }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

same('version and help', 'version', '-V', 'help', '-h', 'help hash:ip,port', '-q help', 'help nonsense')

test("every word behind `ipvs-director ipset` is ipset's, also --", { skip }, () =>
  withNamespace(async ({ path }) => {
    for (const words of [['--', 'list'], ['list', '--', 'a'], ['-h'], ['list', '-n']]) {
      const program = [`--net=${path}`, process.execPath, 'dist/lib/cli/main.js', 'ipset', ...words]
      const { status, stdout, stderr } = spawnSync('nsenter', program, { encoding: 'utf8' })
      assert.deepEqual({ exitCode: status, stdout, stderr }, realIpset(path, words), words.join(' '))
    }
  }),
)
