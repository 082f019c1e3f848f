/** The real ipset beside us: both make the same sets in the same kernel, and ipset says what it sees. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'

import type { Kernel } from '../../lib/index.js'
import { createWords, memberSets, type SetCase } from './set-cases.js'

/** Runs ipset(8) in a namespace, or in the caller's. */
export type Ipset = (words: readonly string[], input?: string) => string

export function ipsetIn(namespace?: string): Ipset {
  const prefix = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]
  return (words, input = '') => {
    const [file = 'ipset', ...rest] = [...prefix, 'ipset', ...words]
    // Ranges of addresses, ports and networks multiply: some hundred entries can become megabytes.
    return execFileSync(file, rest, { encoding: 'utf8', input, stdio: 'pipe', maxBuffer: 1 << 28 })
  }
}

/** Seconds go by between two fillings: what is left of a timeout may differ by some. */
export function withoutAge(text: string): string {
  return text.replaceAll(/^(add .*?) timeout ([1-9]\d*)/gm, (_, head: string, seconds: string) => {
    return `${head} timeout ~${Math.round(Number(seconds) / 100)}`
  })
}

/** The kernel destroys nothing at all while a list has members. */
export async function destroyAll(kernel: Kernel): Promise<void> {
  await kernel.sets.flush()
  await kernel.sets.destroy()
}

/** Whatever ipset makes of the entries, we make of them too: in text, and read back. */
export async function checkSameAsIpset(kernel: Kernel, ipset: Ipset, one: SetCase): Promise<void> {
  await destroyAll(kernel)
  for (const member of memberSets) await kernel.sets.create(member, 'hash:ip', { initval: 1 })
  ipset(
    ['restore'],
    [`create x ${createWords(one)}`, ...one.entries.map((entry) => `add x ${entry}`), ''].join('\n'),
  )
  const theirs = ipset(['save', 'x'])
  await kernel.sets.destroy('x')

  await kernel.sets.create('x', one.type, one.options)
  const report = await kernel.sets.add('x', one.entries, { onError: 'continue' })
  assert.deepEqual(report.failed, [])
  assert.equal(withoutAge(ipset(['save', 'x'])), withoutAge(theirs), 'the same entries')
  const [ours, tools] = [await kernel.sets.save(), ipset(['save'])]
  assert.equal(withoutAge(ours), withoutAge(tools), 'the same text')

  // What was read as objects can be added again, and says the same.
  const header = await kernel.sets.header('x')
  const entries = await kernel.sets.entries('x')
  assert.equal(entries.length, header.entries || entries.length)
  await kernel.sets.flush('x')
  await kernel.sets.add('x', entries)
  assert.equal(sorted(withoutAge(ipset(['save', 'x']))), sorted(withoutAge(theirs)), 'objects are entries')

  const present = await kernel.sets.has(
    'x',
    entries.filter((entry) => entry.nomatch !== true),
  )
  assert.ok(present.every(Boolean), 'has() knows each of them')
  await kernel.sets.remove('x', entries)
  assert.deepEqual(await kernel.sets.entries('x'), [])

  // And the text restores what was there.
  await destroyAll(kernel)
  await kernel.sets.restore(tools)
  assert.equal(sorted(withoutAge(ipset(['save']))), sorted(withoutAge(tools)), 'restored')
}

function sorted(text: string): string {
  return text.split('\n').sort().join('\n')
}
