/** IP sets: changing, asking, reading and replacing large ones, against the usual tools and against the limit in C. */
import type { EntryColumns, Entry } from '../../lib/index.js'
import { runProgram } from '../program.js'
import type { Driver, RatioPlan, Suite } from '../suite.js'
import { DEFAULT_TYPE, kindOf, listOf, parseCount, TYPES, type Stretch } from './elements.js'
import { nftAdd, nftDelete, nftDump, nftReplace } from './nft.js'
import {
  adding,
  asking,
  beside,
  createSet,
  deleting,
  dumping,
  measured,
  NEXT_SET,
  replacing,
  runLimit,
  SET,
  setOptions,
  type Work,
  type Worked,
} from './work.js'

type Input = readonly (string | Entry)[] | EntryColumns

/** Flat, as they come from a file or from a socket: what JavaScript glues together is a tree until it is read. */
function strings({ kind }: Work, stretch: Stretch): string[] {
  return listOf(stretch, (index) => Buffer.from(kind.text(index)).toString('latin1'))
}

function objects({ kind }: Work, stretch: Stretch): Entry[] {
  return listOf(stretch, (index) => kind.object(index))
}

const forms: Readonly<Record<string, (work: Work, stretch: Stretch) => Input>> = {
  'ours-strings': strings,
  'ours-objects': objects,
  'ours-columns': ({ kind }, stretch) => kind.columns(stretch),
}

/** A driver for each form that our input can have. */
function ours(
  make: (name: string, worker: (work: Work) => Promise<Worked>) => Driver,
  stretchOf: (work: Work) => Stretch,
  act: (work: Work, input: Input) => Promise<unknown>,
): Driver[] {
  return Object.entries(forms).map(([name, formOf]) =>
    make(name, async (work) => {
      const input = formOf(work, stretchOf(work))
      return (await measured(() => act(work, input))).worked
    }),
  )
}

/** The lines of `ipset restore`. */
function lines(verb: 'add' | 'del' | 'test', set: string, { kind }: Work, stretch: Stretch): string {
  return `${listOf(stretch, (index) => `${verb} ${set} ${kind.text(index)}`).join('\n')}\n`
}

function ipset(words: readonly string[], input = '') {
  return runProgram('ipset', words, input)
}

function replacementLines(work: Work): string {
  const options = Object.entries(setOptions(work)).flat().join(' ')
  return [
    `create ${NEXT_SET} ${work.kind.type} ${options}`,
    lines('add', NEXT_SET, work, work.replacement).trimEnd(),
    `swap ${SET} ${NEXT_SET}`,
    `destroy ${NEXT_SET}`,
    '',
  ].join('\n')
}

const add: Driver[] = [
  ...ours(
    adding,
    ({ all }) => all,
    ({ kernel }, input) => kernel.sets.add(SET, input),
  ),
  adding('ipset-restore', (work) => ipset(['restore'], lines('add', SET, work, work.all))),
  adding('one-by-one', (work) => runLimit('add', work, work.all.count, 'one-by-one')),
  adding('limit-c', (work) => runLimit('add', work)),
  beside('nft', nftAdd),
]

const remove: Driver[] = [
  ...ours(
    deleting,
    ({ all }) => all,
    ({ kernel }, input) => kernel.sets.remove(SET, input),
  ),
  deleting('ipset-restore', (work) => ipset(['restore'], lines('del', SET, work, work.all))),
  deleting('one-by-one', (work) => runLimit('delete', work, work.all.count, 'one-by-one')),
  deleting('limit-c', (work) => runLimit('delete', work)),
  beside('nft', nftDelete),
]

const has: Driver[] = [
  ...(['ours-strings', 'ours-objects'] as const).map((name) =>
    asking(name, async (work) => {
      const input = name === 'ours-strings' ? strings(work, work.asked) : objects(work, work.asked)
      const { value, worked } = await measured(() => work.kernel.sets.has(SET, input))
      return { ...worked, seen: value.filter(Boolean).length }
    }),
  ),
  asking('one-by-one', (work) => runLimit('has', work, work.asked.count, 'one-by-one')),
  asking('limit-c', (work) => runLimit('has', work, work.asked.count)),
]

const dump: Driver[] = [
  dumping('ours-rows', async ({ kernel }) => {
    const { value: seen, worked } = await measured(async () => {
      let rows = 0
      for await (const table of kernel.sets.entries(SET).tables()) rows += table.length
      return rows
    })
    return { ...worked, seen }
  }),
  dumping('ours-objects', async ({ kernel }) => {
    const { value, worked } = await measured(() => kernel.sets.entries(SET).toArray())
    return { ...worked, seen: value.length }
  }),
  dumping('ours-strings', async ({ kernel }) => {
    const { value, worked } = await measured(() => kernel.sets.save(SET))
    return { ...worked, seen: entryLines(value) }
  }),
  dumping('ipset-save', async () => {
    const { stdout, ...worked } = await ipset(['save', SET])
    return { ...worked, seen: entryLines(stdout) }
  }),
  beside('nft', nftDump),
  dumping('limit-c', async (work) => {
    const { seen: bytes, ...worked } = await runLimit('dump', work)
    // It looks at nothing; an element is at least its header and an address.
    return { ...worked, seen: bytes > work.all.count * 16 ? work.all.count : 0 }
  }),
]

function entryLines(text: string): number {
  // The first line makes the set.
  return text.split('\n').length - 2
}

const replace: Driver[] = [
  ...ours(
    replacing,
    ({ replacement }) => replacement,
    ({ kernel }, input) => kernel.sets.replace(SET, input),
  ),
  replacing('ipset-restore', (work) => ipset(['restore'], replacementLines(work))),
  replacing('limit-c', async (work) => {
    await createSet(work, NEXT_SET)
    return runLimit('replace', work)
  }),
  beside('nft', nftReplace),
]

const FORMS = Object.keys(forms)

function ratios(): RatioPlan[] {
  const against = (name: string, of: string, drivers: readonly string[]) =>
    drivers.map((to): RatioPlan => ({ name, of, to, perOperation: true }))
  const toLimit = (name: string, drivers: readonly string[]) =>
    drivers.map((of): RatioPlan => ({ name, of, to: 'limit-c', perOperation: true }))
  const asked = ['ours-strings', 'ours-objects']
  const read = ['ours-rows', 'ours-objects', 'ours-strings']
  return [
    ...['add', 'delete'].flatMap((name) => [
      ...['ipset-restore', 'nft', 'one-by-one'].flatMap((of) => against(name, of, FORMS)),
      ...toLimit(name, FORMS),
    ]),
    ...against('has', 'one-by-one', asked),
    ...toLimit('has', asked),
    ...['ipset-save', 'nft'].flatMap((of) => against('dump', of, read)),
    ...toLimit('dump', read),
    ...['ipset-restore', 'nft'].flatMap((of) => against('replace', of, FORMS)),
    ...toLimit('replace', FORMS),
  ]
}

export const setsSuite: Suite = {
  name: 'sets',
  defaultSize: '1000000',
  checkSize: parseCount,
  options: ['type'],
  variants: ({ type = DEFAULT_TYPE }) =>
    (type === 'all' ? TYPES : [kindOf(type).type]).map((one) => ({ type: one })),
  guest: 'none',
  limits: ['ipset'],
  rows: [
    { name: 'add', drivers: add },
    { name: 'delete', drivers: remove },
    { name: 'has', drivers: has },
    { name: 'dump', drivers: dump },
    { name: 'replace', drivers: replace },
  ],
  ratios: ratios(),
}
