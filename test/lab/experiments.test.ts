/** Every experiment of the package, on this kernel: each claim holds, or says why it was skipped. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { findExperiment, listExperiments, runExperiment, type ExperimentReport } from '../../lib/lab/index.js'
import { EXPERIMENTS_ELSEWHERE } from '../support/lab-kernel.js'

const elsewhere = process.env[EXPERIMENTS_ELSEWHERE] ?? false

test('experiments', { skip: elsewhere }, async (context) => {
  const experiments = await listExperiments()
  assert.ok(experiments.length > 0)
  for (const experiment of experiments) {
    await context.test(`${experiment.name}: ${experiment.title.en}`, async (each) => {
      const report = await runExperiment(experiment)
      each.diagnostic(`${report.passed} claims in ${(report.elapsedMs / 1000).toFixed(1)} s`)
      for (const event of report.events)
        if (event.kind === 'claim' && event.verdict === 'skipped')
          await each.test(event.text.en, { skip: event.detail ?? false }, () => {})
      assert.ifError(report.error)
      assert.deepEqual(failures(report), [])
      assert.ok(report.passed > 0, 'an experiment claims something')
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
      trial.skip({ en: 'never', zh: '不会' }, 'reached')
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

function failures(report: ExperimentReport): string[] {
  return report.events.flatMap((event) =>
    event.kind === 'claim' && event.verdict === 'failed'
      ? [`${event.text.en}: ${event.detail}\n${event.seen.join('\n')}`]
      : [],
  )
}
