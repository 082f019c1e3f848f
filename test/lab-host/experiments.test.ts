/** `ipvs-director lab experiment` as a shell sees it: boots, prints, records, returns. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { guest } from './guest.js'

const folder = mkdtempSync(join(tmpdir(), 'experiments-'))
after(() => rmSync(folder, { recursive: true }))

function experiment(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ['dist/lib/cli/main.js', 'lab', 'experiment', '--kernel', guest.kernel ?? '', ...args]
  return spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 120_000 })
}

/** A file with an experiment of two claims, the second of which may not hold. */
function ownExperiment(name: string, second: string): string {
  const file = join(folder, name)
  writeFileSync(
    file,
    `export default {
      name: 'own', seed: 'own', title: { en: 'My own', zh: '自己的' },
      topology: { namespaces: { alone: {} } },
      async run(trial) {
        await trial.holds({ en: 'This holds', zh: '成立' }, async () => {})
        await trial.holds({ en: 'So does this', zh: '也成立', why: { en: 'Because.', zh: '因为。' } }, async () => { ${second} })
      },
    }`,
  )
  return file
}

test('what the real servers of a copied example saw is in the file, which tcpdump reads', () => {
  const file = join(folder, 'seen.pcap')
  const copy = join(folder, 'mine.ts')
  copyFileSync('examples/experiments/nat-wrong-source.ts', copy)
  const { status, stderr } = experiment(copy, '--pcap', file)
  assert.equal(status, 0, stderr)
  const { stdout } = spawnSync('tcpdump', ['-nr', file, 'tcp[tcpflags] & tcp-syn != 0'], { encoding: 'utf8' })
  assert.match(stdout, /10\.0\.0\.8\.\d+ > 10\.0\.0\.\d+\.80: Flags \[S\]/)
  assert.match(stdout, /10\.0\.0\.\d+\.80 > 10\.0\.0\.8\.\d+: Flags \[S\.\]/)
})

test("one's own file is run; a claim that does not hold returns 1, with what was found and why", () => {
  const passed = experiment(ownExperiment('passes.mjs', ''), '--json')
  assert.equal(passed.status, 0, passed.stderr)
  const [report] = JSON.parse(passed.stdout) as { name: string; passed: number; failed: number }[]
  assert.deepEqual([report?.name, report?.passed, report?.failed], ['own', 2, 0])

  const failing = experiment(
    ownExperiment('fails.mjs', "throw new Error('not so')"),
    '--explain',
    '--lang',
    'zh',
  )
  assert.equal(failing.status, 1, failing.stderr)
  assert.match(failing.stdout, /失败 也成立\n +实际 +not so\n +原因 +因为。/)
})

test('a file for several experiments, for one that records nothing, and a folder that is not there, are refused', () => {
  assert.equal(experiment('--all', '--pcap', join(folder, 'x.pcap')).status, 2)
  assert.equal(experiment('hairpin', '--pcap', join(folder, 'no', 'x.pcap')).status, 2)
  const unrecorded = experiment(ownExperiment('unrecorded.mjs', ''), '--pcap', join(folder, 'x.pcap'))
  assert.equal(unrecorded.status, 2)
  assert.match(unrecorded.stderr, /an experiment that records a link/)
  assert.ok(!existsSync(join(folder, 'x.pcap')))
})
