/** Text that we do not take ourselves goes to libipset from that line on: the same as the real ipset makes of it. */
import assert from 'node:assert/strict'
import test from 'node:test'

import {
  AbortError,
  InvalidArgumentError,
  IpsetError,
  SetRestoreError,
  UnsupportedFeatureError,
} from '../../lib/index.js'
import { restoreText, type RestoreHost } from '../../lib/ipset/restore.js'
import { skipWithoutNamespaces, withKernel } from '../support/namespace.js'
import { realIpset, skipWithoutIpset } from '../support/real-ipset.js'

const skip = skipWithoutNamespaces || skipWithoutIpset

const taken: Readonly<Record<string, string>> = {
  'an old name of a type': 'create x iphash\nadd x 10.0.0.1\n',
  'another name of a family': 'create x hash:ip family ipv6\nadd x ::1\n',
  'quoted names': 'create "x" hash:ip\nadd "x" 10.0.0.1\nflush "x"\nadd x 10.0.0.2\n',
  'a quoted name of a set that is there': 'create x hash:ip\nadd "x" 10.0.0.1\n',
  'quoted names to swap':
    'create x hash:ip\ncreate y hash:ip\nadd x 10.0.0.1\nswap "x" y\nrename "x" z\ndestroy "z"\n',
  'a range of ports backwards': 'create x bitmap:port range 100-1\nadd x 5\n',
  'a range of ports in hexadecimal': 'create x bitmap:port range 0x0-0x3ff\nadd x 0x50\n',
  'no most entries': 'create x hash:ip maxelem 0\n',
  'no buckets': 'create x hash:ip hashsize 0\n',
  'an odd bucket size': 'create x hash:ip bucketsize 3\n',
  'an address of two parts': 'create x hash:ip\nadd x 10.0.0.1\nadd x 10.2\nadd x 10.0.0.3\n',
  'a short mac': 'create x bitmap:ip,mac range 10.0.0.0/24\nadd x 10.0.0.1,0:1:2:3:4:5\n',
  'an option with dashes': 'create x hash:ip timeout 1000\nadd x 10.0.0.1 --timeout 500\n',
  '-exist behind an entry': 'create x hash:ip\nadd x 10.0.0.1\nadd x 10.0.0.2 -exist\n',
  '-exist before the set': 'create x hash:ip\nadd x 10.0.0.1\nadd -exist x 10.0.0.2\n',
  '-! before the set to make': 'create x hash:ip\ncreate -! x hash:ip\n',
}

const refused: Readonly<Record<string, readonly [text: string, line: number]>> = {
  'an option twice': ['create x hash:ip netmask 24 netmask 25\n', 1],
  'an entry that is there, behind a line that only libipset knows': [
    'create x hash:ip\nadd x 10.0.0.1\nadd x 10.2\nadd x 10.0.0.1\nadd x 10.0.0.3\n',
    4,
  ],
  'an unknown word': ['create x hash:ip\nnonsense x\n', 2],
  'a name where an address stands': ['create x hash:ip\nadd x no-such-host.invalid\n', 2],
}

function withoutChance(text: string): string[] {
  const plain = text.replace(/ initval 0x[\da-f]+/g, '').replace(/ timeout (4\d\d|500)/g, ' timeout ~500')
  return plain.split('\n').sort()
}

for (const [what, text] of Object.entries(taken)) {
  test(`restored as by the real ipset: ${what}`, { skip }, () =>
    withKernel(async ({ sets }, { path }) => {
      const real = realIpset(path, ['restore'], text)
      assert.equal(real.exitCode, 0, real.stderr)
      const expected = withoutChance(realIpset(path, ['save']).stdout)
      await sets.destroy()
      const { by, lines } = await sets.restore(text)
      assert.deepEqual([by, lines], ['libipset', text.split('\n').length - 1])
      assert.deepEqual(withoutChance(realIpset(path, ['save']).stdout), expected)
    }),
  )
}

for (const [what, [text, line]] of Object.entries(refused)) {
  test(`refused in the line in which the real ipset refuses it: ${what}`, { skip }, () =>
    withKernel(async ({ sets }, { path }) => {
      const real = realIpset(path, ['restore'], text)
      assert.notEqual(real.exitCode, 0)
      if (real.stderr.includes('in line')) assert.match(real.stderr, new RegExp(`in line ${line}: `))
      const expected = withoutChance(realIpset(path, ['save']).stdout)
      await sets.destroy()
      await assert.rejects(sets.restore(text), (error: unknown) => {
        assert.ok(error instanceof SetRestoreError, String(error))
        assert.equal(error.line, line, error.message)
        assert.match(error.message, new RegExp(`^line ${line}[:,] `))
        assert.doesNotMatch(error.message, /line.*line/)
        return true
      })
      assert.deepEqual(withoutChance(realIpset(path, ['save']).stdout), expected)
    }),
  )
}

test('where libipset is of our opinion the error is ours, with field and what is allowed', { skip }, () =>
  withKernel(async ({ sets }) => {
    await assert.rejects(sets.restore('create x hash:ip\nadd x nonsense\n'), (error: unknown) => {
      assert.ok(error instanceof SetRestoreError)
      assert.ok(error.cause instanceof InvalidArgumentError)
      assert.deepEqual([error.line, error.cause.field], [2, 'address'])
      return true
    })
    await assert.rejects(sets.restore('create y iphash\nadd y 10.1\ndel y 10.2\n'), (error: unknown) => {
      assert.ok(error instanceof SetRestoreError)
      assert.ok(error.cause instanceof IpsetError)
      assert.deepEqual([error.line, error.cause.line, error.code], [3, 3, 'IPSET_ERR_EXIST'])
      return true
    })
  }),
)

test('a restore that is aborted before it begins is an AbortError', { skip }, () =>
  withKernel(async ({ sets }) => {
    for (const text of ['create x hash:ip\n', 'create x iphash\n']) {
      await assert.rejects(sets.restore(text, { signal: AbortSignal.abort() }), (error: unknown) => {
        assert.ok(error instanceof AbortError, String(error))
        assert.equal(error.code, 'ABORT_ERR')
        return true
      })
    }
    assert.deepEqual(await sets.list(), [])
  }),
)

test('without libipset the line that we do not take is the error, and what stood before it took effect', async () => {
  const made: string[] = []
  const create: RestoreHost['create'] = async (name) => void made.push(name)
  const libipset = () => Promise.reject(new UnsupportedFeatureError('libipset', 'absent', 'install it'))
  const host = { create, libipset } as unknown as RestoreHost
  await assert.rejects(restoreText(host, 'create x hash:ip\ntest x 10.0.0.1\n', {}), {
    name: 'SetRestoreError',
    code: 'ERR_RESTORE_LINE',
    line: 2,
  })
  assert.deepEqual(made, ['x'])
})
