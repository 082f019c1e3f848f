/** The same work by nft, on a named set of an equal type. Statements stand on lines of their own. */
import { runProgram, type ProgramRun } from '../program.js'
import { listOf, type Stretch } from './elements.js'
import type { Work, Worked } from './work.js'

const SET = 'ip bench entries'

/** nft prints a large set at some 15,000 elements a second. */
const MOST_TO_LIST = 100_000
/** Each network that is deleted costs nft and the kernel a look at all others. */
const MOST_NETWORKS_TO_DELETE = 1000

function nft(input: string): Promise<ProgramRun> {
  return runProgram('nft', ['-f', '-'], input)
}

/** Makes the empty set. */
async function makeNftSet({ kind, all }: Work): Promise<void> {
  await nft(`add table ip bench\nadd set ${SET} { ${kind.nftType} size ${2 * all.count}; }\n`)
}

function statement(verb: 'add' | 'delete' | 'get', { kind }: Work, stretch: Stretch): string {
  return `${verb} element ${SET} { ${listOf(stretch, (index) => kind.nft(index)).join(', ')} }\n`
}

/** Runs in a set of nft's own, which goes afterwards. */
async function withSet<T>(work: Work, body: () => Promise<T>): Promise<T> {
  await makeNftSet(work)
  try {
    return await body()
  } finally {
    await nft('delete table ip bench\n')
    // Waits for the kernel to have freed it: it does so before the next transaction.
    await nft('flush ruleset\n')
  }
}

/** Fails unless the set has the first and the last of these elements. */
async function checkEnds(work: Work, { first, count }: Stretch): Promise<void> {
  for (const index of [first, first + count - 1])
    await nft(statement('get', work, { first: index, count: 1 }))
}

export function nftAdd(work: Work): Promise<Worked> {
  return withSet(work, async () => {
    const { seconds, peakRssMiB } = await nft(statement('add', work, work.all))
    await checkEnds(work, work.all)
    return { seconds, peakRssMiB }
  })
}

export function nftDelete(work: Work): Promise<Worked & { readonly operations: number }> {
  const most = work.kind.type === 'hash:net' ? MOST_NETWORKS_TO_DELETE : Infinity
  const all = { first: 0, count: Math.min(work.all.count, most) }
  return withSet(work, async () => {
    await nft(statement('add', work, all))
    const { seconds, peakRssMiB } = await nft(statement('delete', work, all))
    const { seen } = await list()
    if (seen !== 0) throw new Error(`nft left ${seen} elements`)
    return { seconds, peakRssMiB, operations: all.count, size: String(all.count) }
  })
}

export function nftReplace(work: Work): Promise<Worked> {
  return withSet(work, async () => {
    await nft(statement('add', work, work.all))
    const { seconds, peakRssMiB } = await nft(`flush set ${SET}\n${statement('add', work, work.replacement)}`)
    await checkEnds(work, work.replacement)
    return { seconds, peakRssMiB }
  })
}

export function nftDump(work: Work): Promise<Worked & { readonly operations: number }> {
  const all = { first: 0, count: Math.min(work.all.count, MOST_TO_LIST) }
  return withSet(work, async () => {
    await nft(statement('add', work, all))
    const { seconds, peakRssMiB, seen } = await list()
    if (seen !== all.count) throw new Error(`nft listed ${seen} of ${all.count} elements`)
    return { seconds, peakRssMiB, operations: seen, size: String(seen) }
  })
}

async function list(): Promise<ProgramRun & { readonly seen: number }> {
  const run = await runProgram('nft', ['-n', 'list', 'set', ...SET.split(' ')])
  const elements = /elements = \{([^}]*)\}/.exec(run.stdout)?.[1] ?? ''
  return { ...run, seen: elements.trim() === '' ? 0 : elements.split(',').length }
}
