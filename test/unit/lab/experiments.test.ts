/** What experiments are made of, apart from the kernel: frames, recordings, drawings, the catalogue. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { ExperimentPrinter } from '../../../lib/cli/experiment-printer.js'
import { cells, wrapped } from '../../../lib/cli/text-cells.js'
import {
  drawTopology,
  findExperiment,
  flatNetwork,
  formatPacket,
  listExperiments,
} from '../../../lib/lab/index.js'
import { inTurn } from '../../../lib/lab/experiments/traffic.js'
import { readPacket } from '../../../lib/lab/experiments/packet.js'
import { pcapFile, PcapReader } from '../../../lib/lab/experiments/pcap.js'

const ethernet = '0202020202020101010101010800'
const syn = '4500002800004000400600000a0000080a00002ac350005000000001000000005002faf000000000'

const folder = mkdtempSync(join(tmpdir(), 'own-experiments-'))
after(() => rmSync(folder, { recursive: true }))

/** `'12'` stands for rs1, then rs2. */
function named(digits: string): string[] {
  return [...digits].map((digit) => `rs${digit}`)
}

/** The line for a frame written in hexadecimal. */
function line(hex: string): string | undefined {
  const packet = readPacket('rs1:eth0', 0, Buffer.from(hex, 'hex'))
  return packet && formatPacket(packet)
}

test('frames are read: TCP, in a tunnel too, UDP over IPv6, ARP', () => {
  assert.equal(line(ethernet + syn), '10.0.0.8:50000 → 10.0.0.42:80 TCP SYN')
  const tunnelled = `4500003c00004000400400000a0000a10a00002a${syn}`
  assert.equal(
    line(ethernet + tunnelled),
    '[10.0.0.161 → 10.0.0.42 IPIP] 10.0.0.8:50000 → 10.0.0.42:80 TCP SYN',
  )
  const ipv6 = `6000000000091140fd010000000000000000000000000001fd01000000000000000000000000000200350036000900002a`
  assert.equal(line(`02020202020201010101010186dd${ipv6}`), '[fd01::1]:53 → [fd01::2]:54 UDP 1 bytes')
  const arp = '0001080006040001010101010101' + '0a000008' + '000000000000' + '0a0000a1'
  assert.equal(
    line(`ffffffffffff0101010101010806${arp}`),
    'ARP who has 10.0.0.161? tell 10.0.0.8 (from 01:01:01:01:01:01)',
  )
})

test('a frame whose headers are not all there is no packet, and never an error', () => {
  const whole = Buffer.from(ethernet + syn, 'hex')
  for (let length = 0; length < whole.length; length++)
    assert.equal(readPacket('rs1:eth0', 0, whole.subarray(0, length)), undefined, String(length))
})

test('a frame of which the beginning was kept carried what its headers say', () => {
  assert.equal(
    line(`${ethernet}450010280000400040060000${syn.slice(24)}cafe`),
    '10.0.0.8:50000 → 10.0.0.42:80 TCP SYN 4096 bytes',
  )
  const udp =
    '6000000005dc1140fd010000000000000000000000000001fd0100000000000000000000000000020035003605dc00002a'
  assert.equal(line(`02020202020201010101010186dd${udp}`), '[fd01::1]:53 → [fd01::2]:54 UDP 1492 bytes')
})

test('a recording that arrives byte by byte gives the frames that went into the file', () => {
  const frames = [3_000_001, 1_000_002].map((timeMicroseconds) => ({
    timeMicroseconds,
    bytes: Buffer.from(ethernet + syn, 'hex'),
    wireBytes: 60,
  }))
  const reader = new PcapReader()
  const read = [...pcapFile(frames)].flatMap((byte) => reader.push(Buffer.of(byte)))
  assert.deepEqual(read, [...frames].reverse(), 'by time')
  assert.throws(() => new PcapReader().push(Buffer.alloc(24)), /another format/)
})

test('the drawing shows every namespace, its addresses, their roles and its servers', () => {
  const drawing = drawTopology(flatNetwork(), { '10.0.0.8': 'CIP', '10.254.0.1': 'VIP' }).join('\n')
  assert.match(drawing, /^switch br0 {2}\(bridge\)/)
  assert.match(drawing, /├─ client eth0 {2}10\.0\.0\.8\/24 \(CIP\)/)
  assert.match(drawing, /└─ rs2 eth0 {2}10\.0\.0\.78\/24 {2}\[http :80\]/)
  assert.match(drawing, /VIP 10\.254\.0\.1/)
})

test('Chinese text is measured and broken by the cells that it takes', () => {
  assert.equal(cells('IPVS 模式'), 9)
  assert.deepEqual(wrapped('one two three', 8), ['one two', 'three'])
  assert.deepEqual(wrapped('报文的源地址，不变。', 10), ['报文的源地', '址，不变。'])
  for (const text of wrapped('NAT 模式的 IPVS 只改目的地址（DNAT），不改源地址。', 20))
    assert.ok(cells(text) <= 22, text)
})

test('each experiment is a file of its own name, told in both languages, and in the catalogue', async () => {
  const experiments = await listExperiments()
  const files = readdirSync('examples/experiments').filter((file) => file !== 'index.ts')
  assert.deepEqual(experiments.map(({ name }) => `${name}.ts`).sort(), files.sort())
  for (const { seed, title } of experiments) {
    assert.match(seed, /^00[0-4]$/)
    assert.ok(title.en !== '' && /\p{Script=Han}/u.test(title.zh))
  }
})

test('each experiment is found in a copy of its file, in a folder that knows nothing of the package', async () => {
  for (const { name, title } of await listExperiments()) {
    const copy = join(folder, `${name}.ts`)
    copyFileSync(`examples/experiments/${name}.ts`, copy)
    const found = await findExperiment(copy)
    assert.deepEqual([found.name, found.title], [name, title])
  }
})

test('a file that cannot be read is refused in one line that says what to do', async () => {
  for (const [name, text, expected] of [
    ['lost.mjs', "import 'no-such-package'", /no-such-package.*; npm install it/],
    ['lost.cjs', "require('ipvs-director')", /ipvs-director.*; npm install it/],
    ['wrong.ts', 'const x: number = ;', /wrong\.ts: .*; it has to be/],
    ['text.txt', '', /; it has to be an ES module/],
    ['other.mjs', 'export default 1', /no experiment as its default export/],
  ] as const) {
    const file = join(folder, name)
    writeFileSync(file, text)
    await assert.rejects(findExperiment(file), ({ code, message }: NodeJS.ErrnoException) => {
      assert.equal(code, 'ERR_INVALID_ARGUMENT', name)
      assert.match(message, expected)
      assert.doesNotMatch(message, /\n/)
      return true
    })
  }
})

test('answers are in turn if no server answers twice before the others have, not if their shares are equal', () => {
  const servers = ['rs1', 'rs2']
  for (const good of ['12', '21', '1212', '21212', '1']) assert.ok(inTurn(named(good), servers), good)
  for (const bad of ['1122', '1221', '11', '13', '1213']) assert.ok(!inTurn(named(bad), servers), bad)
  assert.ok(inTurn(named('3123'), ['rs1', 'rs2', 'rs3']))
  assert.ok(!inTurn(named('2'), ['rs1']))
})

test('--explain tells every reason, whatever a claim says of the traffic and whether it held', (context) => {
  const printed: unknown[] = []
  context.mock.method(process.stdout, 'write', (text: unknown) => printed.push(text) > 0)
  const text = { en: 'a claim', zh: '断言' }
  const rest = { kind: 'claim', text, seen: [], unseen: 0 } as const
  const print = (explain: boolean): string => {
    const printer = new ExperimentPrinter('en', explain)
    for (const outcome of ['works', 'fails', 'holds'] as const)
      for (const verdict of ['passed', 'failed', 'skipped'] as const)
        printer.event({
          ...rest,
          outcome,
          verdict,
          why: { en: `because ${outcome} ${verdict}.`, zh: '原因' },
        })
    return printed.splice(0).join('')
  }
  const [explained, bare] = [print(true), print(false)]
  context.mock.restoreAll()
  assert.equal(explained.match(/because (works|fails|holds) (passed|failed|skipped)\./g)?.length, 9)
  assert.doesNotMatch(bare, /because/)
})

test('of what a reader of Chinese is told nothing is English: the way, the reason of a skip, the sums', (context) => {
  const printed: unknown[] = []
  context.mock.method(process.stdout, 'write', (text: unknown) => printed.push(text) > 0)
  const printer = new ExperimentPrinter('zh', true)
  const both = (en: string, zh: string) => ({ en, zh })
  printer.event({
    ...{ kind: 'claim', outcome: 'works', verdict: 'skipped', text: both('text', '断言') },
    ...{ path: both('path', '路'), reason: both('reason', '缺模块'), seen: ['x'], unseen: 2 },
  })
  const counts = { passed: 1, failed: 2, skipped: 3, elapsedMs: 1500, events: [] }
  printer.end({ name: 'x', seed: 'own', title: both('x', '一'), topology: { namespaces: {} }, ...counts })
  context.mock.restoreAll()
  const lines = printed.join('').split('\n')
  assert.deepEqual(
    lines.map((line) => line.trim().replace(/ +/g, ' ')).filter((line) => line !== ''),
    ['跳过 断言', '路径 路', '抓包 x', '… 另有 2 个', '实际 缺模块', 'x: 1 通过, 2 失败, 3 跳过, 1.5 秒'],
  )
})

test('no experiment starts ipvsadm, ipset or conntrack', () => {
  for (const file of readdirSync('examples/experiments')) {
    const text = readFileSync(`examples/experiments/${file}`, 'utf8')
    assert.doesNotMatch(text, /\.(run|command)\([^)]*['"`](ipvsadm|ipset|conntrack)\b/, file)
  }
})

test('the list as text and as JSON, and a name that is unknown', async () => {
  const lab = (...args: string[]) =>
    spawnSync(process.execPath, ['dist/lib/cli/main.js', 'lab', ...args], { encoding: 'utf8' })
  const rows = JSON.parse(lab('experiments', '--json').stdout) as {
    name: string
    seed: string
    title: string
  }[]
  assert.deepEqual(Object.keys(rows[0] ?? {}), ['name', 'seed', 'title'])
  const [first] = rows
  assert.ok(first !== undefined)
  const line = lab('experiments', '--lang', 'zh').stdout.split('\n')[0] ?? ''
  assert.ok(line.startsWith(`${first.seed}  ${first.name}`) && /\p{Script=Han}/u.test(line))
  const unknown = lab('experiment', 'no-such')
  assert.equal(unknown.status, 2)
  assert.match(unknown.stderr, /one of .*nat-wrong-source/)
  assert.equal(lab('experiment').status, 2)
  await assert.rejects(findExperiment('./no-such.js'), { code: 'ERR_INVALID_ARGUMENT' })
})
