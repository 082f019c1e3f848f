/** Whatever is wrong with a set or an entry: a typed error that names it and the rule, and the kernel as it was. */
import assert from 'node:assert/strict'
import test from 'node:test'

import {
  DirectorError,
  InvalidArgumentError,
  SetEntryError,
  UnsupportedFeatureError,
  type Kernel,
  type SetOptions,
  type SetTypeName,
} from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'
import { skipWithoutIpset } from '../support/real-ipset.js'
import { createWords } from '../support/set-cases.js'
import { ipsetIn } from '../support/set-differential.js'
import { checkMisfits, misfits } from '../support/set-misfits.js'

async function refusal(work: Promise<unknown>): Promise<DirectorError> {
  return work.then(
    () => assert.fail('was not refused'),
    (error: unknown) => {
      assert.ok(error instanceof DirectorError, String(error))
      return error
    },
  )
}

/** What `create` says to these options. */
async function refusedCreate(kernel: Kernel, type: string, options: object = {}): Promise<DirectorError> {
  return refusal(kernel.sets.create('x', type as SetTypeName, options))
}

test('a type that ipset does not have, or this kernel does not, is ERR_SET_TYPE', { skip }, () =>
  withKernel(async (kernel) => {
    const unknown = await refusedCreate(kernel, 'hash:nonsense')
    assert.ok(unknown instanceof InvalidArgumentError)
    assert.equal(unknown.code, 'ERR_SET_TYPE')
    assert.match(unknown.allowed, /'hash:ip,port'/)
    const types = await kernel.sets.types()
    if (types.some(({ name }) => name === 'hash:mac')) return
    const missing = await refusedCreate(kernel, 'hash:mac')
    assert.ok(missing instanceof UnsupportedFeatureError)
    assert.equal(missing.code, 'ERR_SET_TYPE')
    assert.match(missing.remedy, /modprobe ip_set_hash_mac/)
  }),
)

/** Whether ipset makes such a set. It is gone afterwards. */
function ipsetMakes(namespace: string, type: SetTypeName, options: object): boolean {
  const ipset = ipsetIn(namespace)
  try {
    ipset(['restore'], `create x ${createWords({ type, options, entries: [] })}\n`)
  } catch {
    return false
  }
  ipset(['destroy', 'x'])
  return true
}

test(
  'options are checked for the type and their range before anything is sent; ipset refuses them too',
  { skip: skip || skipWithoutIpset },
  () =>
    withKernel(async (kernel, { name }) => {
      // With why ipset takes them all the same: whatever else is wrong, is so for it too.
      const wrong: [type: SetTypeName, options: object, field: string, taken?: string][] = [
        ['hash:ip', { family: 'inet5' }, 'family'],
        ['hash:ip', { maxelem: 0 }, 'maxelem', 'the set takes no entry'],
        ['hash:ip', { maxelem: 2 ** 32 }, 'maxelem'],
        ['hash:ip', { hashsize: 1.5 }, 'hashsize'],
        ['hash:ip', { bucketsize: 3 }, 'bucketsize', 'the kernel makes 4 of it'],
        ['hash:ip', { bucketsize: 14 }, 'bucketsize', 'the kernel makes 12 of it'],
        ['hash:ip', { netmask: 33 }, 'netmask'],
        ['hash:ip', { netmask: 0 }, 'netmask'],
        ['hash:ip', { bitmask: '0.0.0.0' }, 'bitmask'],
        ['hash:ip', { bitmask: 'ffff::' }, 'bitmask'],
        ['hash:ip', { netmask: 24, bitmask: '255.255.0.0' }, 'bitmask'],
        ['hash:ip', { timeout: 2147484 }, 'timeout'],
        ['hash:ip', { timeout: -1 }, 'timeout'],
        ['hash:ip', { counters: 'yes' }, 'counters'],
        ['hash:ip', { size: 8 }, 'size'],
        ['hash:ip', { range: '10.0.0.0/24' }, 'range'],
        ['hash:net', { netmask: 24 }, 'netmask'],
        ['hash:ip', { colour: 'red' }, 'colour'],
        ['bitmap:ip', {}, 'range'],
        ['bitmap:ip', { range: '10.0.0.0/8' }, 'range'],
        ['bitmap:ip', { range: '10.0.0.9-10.0.0.1' }, 'range', 'it turns the range round'],
        ['bitmap:ip', { range: 'fd00::/120' }, 'range'],
        ['bitmap:port', { range: '0-65536' }, 'range'],
        ['bitmap:port', { range: '0-100', maxelem: 5 }, 'maxelem'],
        ['list:set', { size: 0 }, 'size', 'the kernel makes 4 of it'],
      ]
      for (const [type, options, field, taken] of wrong) {
        const error = await refusedCreate(kernel, type, options)
        assert.ok(
          error instanceof InvalidArgumentError,
          `${type} ${JSON.stringify(options)}: ${String(error)}`,
        )
        assert.equal(error.field, field, JSON.stringify(options))
        assert.equal(
          ipsetMakes(name, type, options),
          taken !== undefined,
          `${type} ${JSON.stringify(options)}`,
        )
      }
      assert.deepEqual(await kernel.sets.list(), [])
    }),
)

test('names are 1 to 31 bytes', { skip }, () =>
  withKernel(async (kernel) => {
    for (const name of ['', 'x'.repeat(32), 'ü'.repeat(16), 'two words', 'a\0b']) {
      const error = await refusal(kernel.sets.create(name, 'hash:ip'))
      assert.ok(error instanceof InvalidArgumentError)
      assert.equal(error.field, 'name')
    }
    await kernel.sets.create('x'.repeat(31), 'hash:ip')
    assert.equal((await kernel.sets.header('x'.repeat(31))).name, 'x'.repeat(31))
  }),
)

test(
  'an entry that does not fit its set is named with its field, and nothing is sent; ipset refuses it too',
  { skip: skip || skipWithoutIpset },
  () => withKernel((kernel, { name }) => checkMisfits(kernel, ipsetIn(name), misfits)),
)

const refusals: [type: SetTypeName, options: SetOptions, entries: string[], code: string, reason: string][] =
  [
    ['hash:ip', {}, ['10.0.0.1', '10.0.0.1'], 'IPSET_ERR_EXIST', 'already-there'],
    ['hash:ip', { maxelem: 1 }, ['10.0.0.1', '10.0.0.2'], 'IPSET_ERR_HASH_FULL', 'full'],
    ['hash:ip', {}, ['0.0.0.0'], 'IPSET_ERR_HASH_ELEM', 'refused'],
    ['hash:ip', {}, ['10.0.0.1 timeout 5'], 'IPSET_ERR_TIMEOUT', 'refused'],
    ['hash:ip', {}, ['10.0.0.1 packets 5'], 'IPSET_ERR_COUNTER', 'refused'],
    ['hash:ip', {}, ['10.0.0.1 comment x'], 'IPSET_ERR_COMMENT', 'refused'],
    ['hash:ip', {}, ['10.0.0.1 skbqueue 5'], 'IPSET_ERR_SKBINFO', 'refused'],
    ['bitmap:ip', { range: '10.0.0.0/24' }, ['10.0.1.0'], 'IPSET_ERR_BITMAP_RANGE', 'refused'],
    ['bitmap:port', { range: '0-100' }, ['101'], 'IPSET_ERR_BITMAP_RANGE', 'refused'],
    ['list:set', {}, ['nosuchset'], 'IPSET_ERR_NAME', 'refused'],
    ['list:set', {}, ['list'], 'IPSET_ERR_LOOP', 'refused'],
    ['list:set', {}, ['other before another'], 'IPSET_ERR_REF_EXIST', 'refused'],
  ]

test('what the kernel refuses has its name, decoded by the type of the set', { skip }, () =>
  withKernel(async (kernel) => {
    for (const name of ['other', 'another']) await kernel.sets.create(name, 'hash:ip')
    await kernel.sets.create('list', 'list:set')
    for (const [type, options, entries, code, reason] of refusals) {
      await kernel.sets.create('x', type, options)
      const error = await refusal(kernel.sets.add('x', entries))
      assert.ok(error instanceof SetEntryError, `${type} ${entries.join(' ')}: ${String(error)}`)
      assert.deepEqual([error.code, error.reason, error.entry], [code, reason, entries.at(-1)], String(error))
      await kernel.sets.destroy('x')
    }
  }),
)

test('what is asked of sets as a whole is refused by name', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('a', 'hash:ip')
    await sets.create('b', 'hash:net')
    await sets.create('list', 'list:set')
    await sets.add('list', 'a')
    const refused: [work: () => Promise<unknown>, code: string][] = [
      [() => sets.create('a', 'hash:ip'), 'EEXIST'],
      [() => sets.create('a', 'hash:net', { exist: 'ignore' }), 'EEXIST'],
      [() => sets.destroy('a'), 'IPSET_ERR_BUSY'],
      [() => sets.destroy('nosuch'), 'ENOENT'],
      [() => sets.flush('nosuch'), 'ENOENT'],
      [() => sets.rename('a', 'c'), 'IPSET_ERR_REFERENCED'],
      [() => sets.rename('b', 'list'), 'IPSET_ERR_EXIST_SETNAME2'],
      [() => sets.rename('nosuch', 'c'), 'ENOENT'],
      [() => sets.swap('a', 'b'), 'IPSET_ERR_TYPE_MISMATCH'],
      [() => sets.swap('nosuch', 'b'), 'ENOENT'],
      [() => sets.swap('a', 'nosuch'), 'IPSET_ERR_EXIST_SETNAME2'],
      [() => sets.header('nosuch'), 'ENOENT'],
      [() => sets.entries('nosuch').toArray(), 'ENOENT'],
      [() => sets.save('nosuch'), 'ENOENT'],
      [() => sets.add('nosuch', '10.0.0.1'), 'ENOENT'],
      [() => sets.add('nosuch', []), 'ENOENT'],
      [() => sets.remove('nosuch', '10.0.0.1'), 'ENOENT'],
      [() => sets.has('nosuch', '10.0.0.1'), 'ENOENT'],
      [() => sets.replace('nosuch', []), 'ENOENT'],
      [() => sets.remove('a', '10.0.0.1'), 'IPSET_ERR_EXIST'],
    ]
    for (const [index, [work, code]] of refused.entries()) {
      const error = await refusal(work())
      assert.equal(error.code, code, `${index}: ${String(error)}`)
    }
    await sets.create('a', 'hash:ip', { exist: 'ignore' })
  }),
)

test('a set in use is waited for as long as the caller says', { skip }, () =>
  withKernel(async ({ sets }) => {
    await sets.create('a', 'hash:ip')
    await sets.create('list', 'list:set')
    await sets.add('list', 'a')
    const error = await refusal(sets.destroy('a', { busyTimeoutMs: 20 }))
    assert.equal(error.code, 'IPSET_ERR_BUSY')
    const waiting = sets.destroy('a', { busyTimeoutMs: 60_000 })
    await sets.remove('list', 'a')
    await waiting
    assert.deepEqual(
      (await sets.list()).map(({ name }) => name),
      ['list'],
    )
  }),
)

test('a set that a rule names is in use until the rule is gone', { skip }, () =>
  withKernel(async ({ sets }, { name, ip }) => {
    await sets.create('a', 'hash:ip')
    const iptables = (...words: string[]) =>
      import('node:child_process').then(({ execFileSync }) =>
        execFileSync('ip', ['netns', 'exec', name, 'iptables', ...words], { stdio: 'pipe' }),
      )
    assert.ok(ip)
    await iptables('-A', 'INPUT', '-m', 'set', '--match-set', 'a', 'src', '-j', 'DROP')
    assert.equal((await refusal(sets.destroy('a'))).code, 'IPSET_ERR_BUSY')
    assert.equal((await sets.header('a')).references, 1)
    await sets.replace('a', ['10.0.0.1'])
    assert.equal((await sets.header('a')).references, 1, 'the rule names the new entries')
    await iptables('-F', 'INPUT')
    await sets.destroy('a', { busyTimeoutMs: 5000 })
  }),
)
