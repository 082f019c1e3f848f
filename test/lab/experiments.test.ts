/** Every experiment of the package, on this kernel: each claim holds, or says why it was skipped. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { listExperiments, runExperiment, type ExperimentReport } from '../../lib/lab/index.js'

test('experiments', async (context) => {
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

test('nothing of an experiment is left behind', () => {
  const namespaces = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  assert.doesNotMatch(namespaces, /lab-/)
})

function failures(report: ExperimentReport): string[] {
  return report.events.flatMap((event) =>
    event.kind === 'claim' && event.verdict === 'failed'
      ? [`${event.text.en}: ${event.detail}\n${event.seen.join('\n')}`]
      : [],
  )
}
