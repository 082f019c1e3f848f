/** Our encoder and libipset's, given the same entries: the kernel must hold the same afterwards. */
import assert from 'node:assert/strict'

import fc from 'fast-check'

import { loadLibipset, type Kernel, type SetTypeName } from '../../lib/index.js'
import { destroyAll, withoutAge, type Ipset } from './set-differential.js'
import { entryOf, optionsFor, type Family } from './random-entries.js'
import { createWords, memberSets } from './set-cases.js'

const ENTRIES = 300

function sorted(text: string): string[] {
  return withoutAge(text).split('\n').sort()
}

/** Adds, and then removes half of them, by libipset and by us; `netns` is the kernel's. */
export async function checkSameAsLibipset(
  kernel: Kernel,
  ipset: Ipset,
  netns: string | undefined,
  about: { readonly type: SetTypeName; readonly family: Family; readonly seed: number },
): Promise<void> {
  const { type, family, seed } = about
  const options = optionsFor(type, family)
  const entries = fc.sample(entryOf(type, family), { numRuns: ENTRIES, seed })
  await destroyAll(kernel)
  for (const member of memberSets) await kernel.sets.create(member, 'hash:ip', { initval: 1 })

  const removed = entries.filter((_, index) => index % 2 === 0).map((entry) => entry.split(' ')[0] as string)
  const text = [
    `create x ${createWords({ type, options, entries })}`,
    ...entries.map((entry) => `add x ${entry}`),
    '',
  ].join('\n')
  const libipset = loadLibipset()
  await libipset.restore(text, { netns, exist: true })
  const theirsAdded = sorted(ipset(['save', 'x']))
  await libipset.restore(removed.map((entry) => `del x ${entry}\n`).join(''), { netns, exist: true })
  const theirs = sorted(ipset(['save', 'x']))
  await kernel.sets.destroy('x')

  await kernel.sets.create('x', type, options)
  const report = await kernel.sets.add('x', entries, { exist: 'ignore', onError: 'continue' })
  assert.deepEqual(
    report.failed.map(({ error }) => error.message),
    [],
  )
  assert.deepEqual(sorted(ipset(['save', 'x'])), theirsAdded, 'added')
  await kernel.sets.remove('x', removed, { exist: 'ignore' })
  assert.deepEqual(sorted(ipset(['save', 'x'])), theirs, 'removed')
  assert.ok(theirsAdded.length > (type === 'list:set' ? 3 : 20), 'there was something to compare')
}
