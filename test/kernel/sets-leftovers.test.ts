/** What a killed process left beside a set goes with the next replacement; what a living one works on stays. */
import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'node:test'

import type { Sets } from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel, type TestNamespace } from '../support/namespace.js'

const victim = join(__dirname, '..', 'support', 'replace-victim.js')

async function names(sets: Sets): Promise<string[]> {
  return (await sets.list()).map(({ name }) => name).sort()
}

/** Runs `body` while another process is in the middle of replacing 'x'. `kill` ends it as a crash would. */
async function withVictim(
  { path }: TestNamespace,
  body: (kill: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const child: ChildProcess = fork(victim, [path])
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  try {
    assert.deepEqual((await once(child, 'message'))[0], 'filling')
    await body(kill)
  } finally {
    await kill()
  }
}

for (const way of ['replace', 'sync'] as const) {
  test(`${way} takes away what a killed process left beside the set`, { skip }, () =>
    withKernel(async ({ sets }, namespace) => {
      await sets.create('x', 'hash:ip')
      await withVictim(namespace, async (kill) => {
        await kill()
        const left = await names(sets)
        assert.equal(left.length, 2)
        assert.match(left[0] ?? '', /^replacing-/)
        await sets[way]('x', ['10.0.0.1', '10.0.0.2'])
        assert.deepEqual(await names(sets), ['x'])
        assert.equal((await sets.header('x')).entries, 2)
      })
    }),
  )
}

test('what a living process works on stays, whoever else replaces the same set', { skip }, () =>
  withKernel(async ({ sets }, namespace) => {
    await sets.create('x', 'hash:ip')
    await withVictim(namespace, async (kill) => {
      const before = await names(sets)
      assert.equal(before.length, 2)
      await sets.replace('x', ['10.0.0.1'])
      await sets.sync('x', ['10.0.0.2'])
      assert.deepEqual(await names(sets), before)
      await kill()
      await Promise.all([sets.replace('x', ['10.0.0.3']), sets.replace('x', ['10.0.0.3'])])
      assert.deepEqual(await names(sets), ['x'])
    })
  }),
)

test('sets of others stay, also where their names are alike', { skip }, () =>
  withKernel(async ({ sets }, namespace) => {
    const own = ['replacing', 'replacing-0123456789ab-01234567', 'replacing-x']
    for (const name of ['x', 'y', ...own]) await sets.create(name, 'hash:ip')
    await withVictim(namespace, async (kill) => {
      await kill()
      assert.equal((await names(sets)).length, 6)
      await sets.replace('y', ['10.0.0.1'])
      assert.equal((await names(sets)).length, 6, "x's is not y's to destroy")
      await sets.replace('x', ['10.0.0.1'])
      assert.deepEqual(await names(sets), [...own, 'x', 'y'])
    })
  }),
)
