/** Every experiment of the package, on this kernel: each claim holds, or says why it was skipped. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { findExperiment, listExperiments, runExperiment, type ExperimentReport } from '../../lib/lab/index.js'
import { parseCommand } from '../../lib/ipvs/ipvsadm/parse-command.js'
import { MOSTLY_ELSEWHERE } from '../support/lab-kernel.js'

/** Why most of them are not run on this kernel; not set where they are. */
const elsewhere = process.env[MOSTLY_ELSEWHERE]

/** Run on every kernel: in one whose IPVS is built in there is no module to load. */
const onEachKernel = ['kernel-modules']

test('experiments', async (context) => {
  const experiments = (await listExperiments()).filter(
    ({ name }) => elsewhere === undefined || onEachKernel.includes(name),
  )
  assert.ok(experiments.length > 0)
  for (const experiment of experiments) {
    await context.test(`${experiment.name}: ${experiment.title.en}`, async (each) => {
      const report = await runExperiment(experiment)
      each.diagnostic(`${report.passed} claims in ${(report.elapsedMs / 1000).toFixed(1)} s`)
      for (const event of report.events)
        if (event.kind === 'claim' && event.verdict === 'skipped')
          await each.test(event.text.en, { skip: event.reason?.en ?? false }, () => {})
      assert.ifError(report.error)
      assert.deepEqual(failures(report), [])
      assert.ok(report.passed > 0, 'an experiment claims something')
      assert.deepEqual(untranslated(report), [])
      // What the document of 2022 prints is shown beside what we write.
      if (experiment.name.endsWith('-rules') || experiment.name.startsWith('masquerade-all'))
        assert.ok(report.events.some((event) => event.kind === 'listing' && event.lines.some(isOlderRule)))
      for (const line of classicLines(report, 'ipvsadm')) parseCommand(line)
    })
  }
})

test("an experiment of one's own, as the page about them has it", async () => {
  const [, program = ''] =
    /```js\n(\/\/ first\.mjs[\s\S]*?)^```$/m.exec(readFileSync('docs/experiments.md', 'utf8')) ?? []
  // Inside the package, so that its import is found; the guest throws the file away.
  writeFileSync('dist/first.mjs', program)
  const report = await runExperiment(await findExperiment('dist/first.mjs'))
  assert.ifError(report.error)
  assert.deepEqual(failures(report), [])
  assert.equal(report.passed, 1)
})

test('an experiment whose step is refused ends there, and says so', async () => {
  const report = await runExperiment({
    name: 'refused',
    seed: 'own',
    title: { en: 'Refused', zh: '被拒绝' },
    topology: { namespaces: { alone: {} } },
    async run(trial) {
      await trial.step({ en: 'ipset', zh: 'ipset', classic: '' }, () => trial.command('alone', 'ipset list'))
      trial.skip({ en: 'never', zh: '不会' }, { en: 'reached', zh: '走到这里' })
    },
  })
  assert.match(report.error?.message ?? '', /one of ip, /)
  assert.deepEqual([report.passed, report.failed, report.skipped], [0, 0, 0])
})

test('an experiment that records a link that is not there says what tcpdump said', async () => {
  const report = await runExperiment({
    name: 'unrecorded',
    seed: 'own',
    title: { en: 'Not recorded', zh: '无法抓包' },
    topology: { namespaces: { alone: {} } },
    record: ['alone:lo', 'alone:eth9'],
    run: async () => {},
  })
  assert.match(report.error?.message ?? '', /^tcpdump on alone:eth9: .*eth9/)
})

test('nothing of an experiment is left behind', () => {
  const namespaces = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  assert.doesNotMatch(namespaces, /lab-/)
  assert.equal(spawnSync('pgrep', ['-x', 'tcpdump']).status, 1, 'no recording goes on')
})

/** What a reader of Chinese is told in English: prose, of which notation has none. */
function untranslated(report: ExperimentReport): string[] {
  const texts = report.events.flatMap((event) =>
    event.kind === 'claim' ? [event.text, event.why, event.path, event.reason] : [event.text],
  )
  return texts.flatMap((text) =>
    text !== undefined && !isNotation(text.en) && !/\p{Script=Han}/u.test(text.zh) ? [text.zh] : [],
  )
}

/** A rule that older versions had, whether or not ours still do. */
function isOlderRule(line: string): boolean {
  return /^[- ] -A KUBE-/.test(line)
}

/** None of the words that join others in English. */
function isNotation(text: string): boolean {
  return !/\b(a|an|and|are|as|for|from|has|is|it|me|mine|no|not|of|or|so|such|that|the|to|was|with|who)\b/.test(
    text,
  )
}

/** The words of each classic command of a program: without comments, and without where its output goes. */
function classicLines(report: ExperimentReport, program: string): string[][] {
  return report.events
    .flatMap((event) => (event.kind === 'step' ? event.classic : []))
    .flatMap((line) => line.replace(/ +#.*| [<>] \S+/g, '').split('; '))
    .map((line) => line.trim().split(' '))
    .flatMap(([name, ...words]) => (name === program ? [words] : []))
}

function failures(report: ExperimentReport): string[] {
  return report.events.flatMap((event) =>
    event.kind === 'claim' && event.verdict === 'failed'
      ? [`${event.text.en}: ${event.detail}\n${event.seen.join('\n')}`]
      : [],
  )
}
