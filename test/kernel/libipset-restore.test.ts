/** The library's way to libipset: exact errors with their line, nothing looked up, long input in little memory. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test from 'node:test'
import {
  AbortError,
  InvalidArgumentError,
  IpsetError,
  type LibipsetRestoreOptions,
  loadLibipset,
  openKernel,
} from '../../lib/index.js'
import { withNamespace } from '../support/namespace.js'
import { realIpset, skipWithoutIpset } from '../support/real-ipset.js'

const skip = skipWithoutIpset

interface Expected {
  code: string
  line: number
  text: string
}

/** Restores text into fresh sets `a` (hash:ip) and `p` (hash:ip,port) and compares the error and what is in `a`. */
function refuses(name: string, text: string, expected: Expected, entries: readonly string[]): void {
  test(name, { skip }, () =>
    withNamespace(async ({ path }) => {
      const libipset = loadLibipset()
      await libipset.restore('create a hash:ip\ncreate p hash:ip,port', { netns: path })
      await assert.rejects(libipset.restore(text, { netns: path }), (error: unknown) => {
        assert.ok(error instanceof IpsetError, String(error))
        const { code, line, text: failed } = error
        assert.deepEqual({ code, line, text: failed }, expected)
        return true
      })
      assert.deepEqual(entriesOf(path, 'a'), entries)
    }),
  )
}

function entriesOf(netns: string, set: string): string[] {
  const lines = realIpset(netns, ['-sorted', 'save', set]).stdout.split('\n')
  return lines.filter((line) => line.startsWith('add ')).map((line) => line.slice(`add ${set} `.length))
}

refuses(
  'the kernel refuses a line in the middle of many that travel together',
  'add a 10.0.0.1\nadd a 10.0.0.2\nadd a 10.0.0.1\nadd a 10.0.0.3\n',
  { code: 'IPSET_ERR_EXIST', line: 3, text: 'add a 10.0.0.1' },
  ['10.0.0.1', '10.0.0.2'],
)
refuses(
  'the kernel knows no such set',
  'add a 10.0.0.1\nadd missing 10.0.0.2\n',
  { code: 'ENOENT', line: 2, text: 'add missing 10.0.0.2' },
  ['10.0.0.1'],
)
refuses(
  'the kernel has a set of this name',
  '\n# comment\ncreate a hash:net\n',
  { code: 'EEXIST', line: 3, text: 'create a hash:net' },
  [],
)
refuses(
  'an error that means one thing for one type of set, and another for another',
  'create b bitmap:ip range 10.0.0.0/24\nadd b 10.0.1.0\n',
  { code: 'IPSET_ERR_BITMAP_RANGE', line: 2, text: 'add b 10.0.1.0' },
  [],
)
refuses(
  'syntax is at fault: the lines before it have been carried out',
  'add a 10.0.0.1\nadd a 10.0.0.2/99\nadd a 10.0.0.3\n',
  { code: 'ERR_IPSET_SYNTAX', line: 2, text: 'add a 10.0.0.2/99' },
  ['10.0.0.1'],
)
refuses(
  'an error of an earlier line comes before that of the line which brought it to light',
  'add a 10.0.0.1\nadd a 10.0.0.1\nadd a nonsense\n',
  { code: 'IPSET_ERR_EXIST', line: 2, text: 'add a 10.0.0.1' },
  ['10.0.0.1'],
)
refuses(
  'a test says no',
  'add a 10.0.0.1\ntest a 10.0.0.1\ntest a 10.0.0.2\nadd a 10.0.0.3\n',
  { code: 'ERR_IPSET_NOT_MEMBER', line: 3, text: 'test a 10.0.0.2' },
  ['10.0.0.1'],
)
const lookups = {
  'a host name': 'add a localhost',
  'a host name in a range': 'add a 10.0.0.1-localhost',
  'a host name with a prefix length': 'add a localhost/32',
  'a host name in brackets': 'add a [my-host]',
  'a name of hexadecimal digits': 'add a cafe',
  'a host name for a port': 'add p localhost,80',
  'a service name': 'add p 10.0.0.1,http',
  'a service name with its protocol': 'add p 10.0.0.1,udp:domain',
  'a service name in a range': 'add p 10.0.0.1,http-https',
  'a protocol by a name that nobody has': 'add p 10.0.0.1,nosuch:0',
  'a host name for the range of a new set': 'create b bitmap:ip range localhost',
  'a service name for the range of a new set': 'create b bitmap:port range http-https',
  'a host name for a mask': 'create b hash:ip bitmask localhost',
  'an order to resolve addresses': 'list a -resolve',
  'an order to write a file': 'list a -file /nonexistent/file',
  'a line longer than libipset can read': `add a 10.0.0.2 comment "${'x'.repeat(1100)}"`,
  'a NUL byte': 'add a 10.0.0.2\0',
  'a quote that stays open': 'add a 10.0.0.2 "comment',
}
for (const [what, text] of Object.entries(lookups)) {
  refuses(
    `${what} is refused`,
    `add a 10.0.0.1\n${text}\nadd a 10.0.0.3`,
    { code: 'ERR_IPSET_REFUSED', line: 2, text },
    ['10.0.0.1'],
  )
}

test(
  'service names are taken from /etc/services where they are allowed, and host names where those are',
  { skip },
  () =>
    withNamespace(async ({ path }) => {
      const lines = 'create a hash:ip,port\nadd a 127.0.0.2,https\nadd a 127.0.0.2,udp:domain-tftp\n'
      await loadLibipset().restore(lines, { netns: path, allowServiceNames: true })
      assert.equal(entriesOf(path, 'a').length, 1 + 69 - 53 + 1)
      await loadLibipset().restore('add a localhost,80', { netns: path, allowHostNames: true })
      assert.ok(entriesOf(path, 'a').includes('127.0.0.1,tcp:80'))
    }),
)

test('what libipset saved, it restores: protocols by name', { skip }, () =>
  withNamespace(async ({ path: netns }) => {
    const libipset = loadLibipset()
    const names = ['gre', 'esp', 'ah', 'ospf', 'vrrp', 'ipv6-icmp', 'l2tp', 'AX.25', '253']
    const entries = names.map((name) => `add p ::1,${name}:${name === 'ipv6-icmp' ? 'ping' : '0'}`)
    await libipset.restore(['create p hash:ip,port family inet6', ...entries].join('\n'), { netns })
    const saved = await libipset.save('p', { netns, sorted: true })
    assert.equal(saved.trimEnd().split('\n').length, names.length + 1)
    await libipset.run(['destroy'], { netns })
    await libipset.restore(saved, { netns })
    assert.equal(await libipset.save('p', { netns, sorted: true }), saved)
    await libipset.run(['destroy'], { netns })
    const kernel = await openKernel({ netns })
    assert.equal((await kernel.sets.restore(`${saved}list -n\n`)).by, 'libipset')
    assert.equal(await libipset.save('p', { netns, sorted: true }), saved)
    await kernel.close()
  }),
)

test('what is numeric in any of its forms passes, as the real tool reads it', { skip }, () =>
  withNamespace(async ({ path }) => {
    const lines = `
create a hash:ip
create p hash:ip,port
create n6 hash:net family inet6
create old iphash
add a 10.1
add a 10.0.0.8/30
add a [10.0.0.20]-[10.0.0.22]
add p 10.0.0.1,TCP:0x50
add p 10.0.0.1,17:1000-1002
add p 10.0.0.1,icmp:8/0
add n6 2001:db8::/32
add n6 ::ffff:10.0.0.1
add old 10.0.0.1
`
    await loadLibipset().restore(lines, { netns: path })
    const ours = ['a', 'p', 'n6', 'old'].map((set) => entriesOf(path, set))
    realIpset(path, ['destroy'])
    assert.equal(realIpset(path, ['restore'], lines).stderr, '')
    assert.deepEqual(
      ours,
      ['a', 'p', 'n6', 'old'].map((set) => entriesOf(path, set)),
    )
  }),
)

test(
  'words in quotes, comments, blank lines, carriage returns and a last line without its end',
  { skip },
  () =>
    withNamespace(async ({ path }) => {
      const lines = `# ${'long '.repeat(1000)}\n\r\ncreate a hash:ip comment\r\n\t"add" a 10.0.0.1 comment "a # b"\n  add a 10.0.0.2`
      const report = await loadLibipset().restore(lines, { netns: path })
      assert.equal(report.lines, 5)
      assert.deepEqual(entriesOf(path, 'a'), ['10.0.0.1 comment "a # b"', '10.0.0.2'])
    }),
)

test('a warning is reported and ends nothing; what the lines print is returned', { skip }, () =>
  withNamespace(async ({ path }) => {
    const lines = 'create a hash:ip probes 5\nadd a 10.0.0.1\ntest a 10.0.0.1\nlist -n\nadd a 10.0.0.2'
    const report = await loadLibipset().restore(lines, { netns: path })
    assert.equal(report.warnings.length, 2)
    assert.equal(report.output, 'a\n')
    assert.equal(report.lines, 5)
    assert.deepEqual(entriesOf(path, 'a'), ['10.0.0.1', '10.0.0.2'])
  }),
)

test('exist makes what is there already no error', { skip }, () =>
  withNamespace(async ({ path }) => {
    const lines = 'create a hash:ip\nadd a 10.0.0.1\n'
    await loadLibipset().restore(lines, { netns: path })
    await loadLibipset().restore(`${lines}del a 10.0.0.9`, { netns: path, exist: true })
    assert.deepEqual(entriesOf(path, 'a'), ['10.0.0.1'])
  }),
)

test('a set that is destroyed and made anew with another type is known by its new type', { skip }, () =>
  withNamespace(async ({ path }) => {
    realIpset(path, ['create', 'a', 'hash:ip'])
    const lines =
      'add a 10.0.0.1\ndestroy a\ncreate a bitmap:port range 0-99\nadd a 80\nrename a b\ncreate a hash:net\nadd a 10.0.0.0/8\nswap a a\n'
    await loadLibipset().restore(lines, { netns: path })
    assert.deepEqual([entriesOf(path, 'a'), entriesOf(path, 'b')], [['10.0.0.0/8'], ['80']])
  }),
)

test('save says what the real tool says, for one set and for all, in every format', { skip }, () =>
  withNamespace(async ({ path }) => {
    const libipset = loadLibipset()
    assert.equal(await libipset.save(undefined, { netns: path }), '')
    await libipset.restore('create a hash:ip\nadd a 10.0.0.0/24\ncreate b hash:net\nadd b 10.0.0.0/8', {
      netns: path,
    })
    assert.equal(await libipset.save(undefined, { netns: path }), realIpset(path, ['save']).stdout)
    assert.equal(await libipset.save('a', { netns: path }), realIpset(path, ['save', 'a']).stdout)
    for (const format of ['plain', 'xml'] as const) {
      assert.equal(
        await libipset.save('a', { netns: path, format, sorted: true }),
        realIpset(path, ['list', '-sorted', '-output', format, 'a']).stdout,
      )
    }
    await assert.rejects(libipset.save('missing', { netns: path }), { name: 'IpsetError', code: 'ENOENT' })
    await assert.rejects(libipset.save('-file'), InvalidArgumentError)
    await assert.rejects(libipset.save('a', { format: 'json' as 'xml' }), InvalidArgumentError)
  }),
)

test('run resolves with what the tool would have printed', { skip }, () =>
  withNamespace(async ({ path }) => {
    const libipset = loadLibipset()
    const restored = await libipset.run(['restore'], {
      netns: path,
      stdin: 'create a hash:ip\nadd a 10.0.0.1',
    })
    assert.deepEqual(restored, { exitCode: 0, stdout: '', stderr: '' })
    assert.deepEqual(await libipset.run(['list', 'a'], { netns: path }), realIpset(path, ['list', 'a']))
    const refused = await libipset.run(['add', 'a', 'localhost'], { netns: path })
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /'localhost': expected a numeric address/)
    await assert.rejects(libipset.run(['add', 'a\0b']), InvalidArgumentError)
  }),
)

test('a namespace that is none is named', { skip }, async () => {
  const restore = (options: LibipsetRestoreOptions): Promise<unknown> => loadLibipset().restore('', options)
  await assert.rejects(restore({ netns: '/nonexistent' }), { code: 'ENOENT' })
  await assert.rejects(restore({ netns: '/proc/self/status' }), { code: 'EINVAL' })
  await assert.rejects(restore({ netns: '' }), InvalidArgumentError)
})

const skipMemory =
  skip ||
  (process.env['ASAN_OPTIONS'] === undefined ? false : 'a sanitizer keeps memory that has been given back')

test('a long input takes little memory', { skip: skipMemory }, () =>
  withNamespace(async ({ path }) => {
    // Blanks between words never reach libipset: they do not make a line too long for it.
    const padding = ' '.repeat(4000)
    function* lines(): Generator<string> {
      yield 'create a hash:ip\n'
      for (let index = 0; index < 50_000; index++) yield `add a 10.0.0.${index % 250}${padding}\n`
    }
    const before = process.memoryUsage().rss
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5)
    const report = await loadLibipset().restore(lines(), { netns: path, exist: true })
    clearInterval(watch)
    assert.equal(report.lines, 50_001)
    const grown = (most - before) / 2 ** 20
    assert.ok(grown < 100, `200 MB of input took ${grown} MiB`)
  }),
)

test('an aborted restore has stopped after some line', { skip }, () =>
  withNamespace(async ({ path }) => {
    const controller = new AbortController()
    async function* endless(): AsyncGenerator<string> {
      yield 'create a hash:ip\nadd a 10.0.0.1\n'
      await new Promise((resolve) => setImmediate(resolve))
      yield 'add a 10.0.0.2\n'
      controller.abort(new Error('enough'))
      yield 'add a 10.0.0.3\n'
      await new Promise(() => {})
    }
    const restore = loadLibipset().restore(endless(), { netns: path, signal: controller.signal })
    await assert.rejects(restore, (error: unknown) => {
      assert.ok(error instanceof AbortError)
      assert.equal((error.cause as Error).message, 'enough')
      return true
    })
    // Nothing of it is left behind: the next one works.
    await loadLibipset().restore('create b hash:ip', { netns: path })
    const aborted = loadLibipset().restore('', { signal: AbortSignal.abort() })
    await assert.rejects(aborted, AbortError)
  }),
)

test('an input that fails ends the restore with its reason', { skip }, () =>
  withNamespace(async ({ path }) => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('the disk is gone'))
      },
    })
    await assert.rejects(loadLibipset().restore(broken, { netns: path }), {
      code: 'ERR_IPSET_INPUT',
      message: /the disk is gone/,
    })
  }),
)

test('an error leaves an endless input alone', { skip }, () =>
  withNamespace(async ({ path }) => {
    const stream = new Readable({ read() {} })
    stream.push('nonsense\n')
    await assert.rejects(loadLibipset().restore(stream, { netns: path }), IpsetError)
    assert.ok(stream.destroyed)
  }),
)
