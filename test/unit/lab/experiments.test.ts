/** What experiments are made of, apart from the kernel: frames, recordings, drawings, the catalogue. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { cells, wrapped } from '../../../lib/cli/text-cells.js'
import {
  drawTopology,
  findExperiment,
  flatNetwork,
  formatPacket,
  listExperiments,
} from '../../../lib/lab/index.js'
import { readPacket } from '../../../lib/lab/experiments/packet.js'
import { pcapFile, PcapReader } from '../../../lib/lab/experiments/pcap.js'

const ethernet = '0202020202020101010101010800'
const syn = '4500002800004000400600000a0000080a00002ac350005000000001000000005002faf000000000'

const folder = mkdtempSync(join(tmpdir(), 'own-experiments-'))
after(() => rmSync(folder, { recursive: true }))

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

test('a frame cut short anywhere is no packet, or one of the protocol that is left of it, and never an error', () => {
  const whole = Buffer.from(ethernet + syn, 'hex')
  for (let length = 0; length < whole.length; length++)
    assert.equal(readPacket('rs1:eth0', 0, whole.subarray(0, length)), undefined, String(length))
})

test('a recording that arrives byte by byte gives the frames that went into the file', () => {
  const frames = [3_000_001, 1_000_002].map((timeMicroseconds) => ({
    timeMicroseconds,
    bytes: Buffer.from(ethernet + syn, 'hex'),
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

test('no experiment starts ipvsadm or ipset', () => {
  for (const file of readdirSync('examples/experiments')) {
    const text = readFileSync(`examples/experiments/${file}`, 'utf8')
    assert.doesNotMatch(text, /\.(run|command)\([^)]*['"`](ipvsadm|ipset)\b/, file)
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
