/** What is written through iptables-restore is what iptables-save gives back, in both variants, on this kernel. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { DirectorError, plan } from '../../../lib/index.js'
import { diffIptables } from '../../../lib/iptables/diff.js'
import { type Ownership, ownershipOf } from '../../../lib/iptables/ownership.js'
import { Iptables } from '../../../lib/iptables/program.js'
import type { IptablesState } from '../../../lib/iptables/types.js'
import { defaultFacts } from '../../conformance/row.js'
import { rows } from '../../conformance/rows.js'

const ours: Ownership = {
  hasChain: (_table, chain) => chain.startsWith('KUBE-'),
  hasJump: (_table, from) => /^[A-Z]+$/.test(from),
}
const notRoot = process.getuid?.() === 0 ? false : 'needs root for a namespace of its own'

/** Planned rules of all rows but those with `-m ipvs`, which only a kernel with IPVS takes; with the sets they match. */
function rulesets(): { name: string; state: IptablesState; sets: string[] }[] {
  return rows.flatMap((row) => {
    const planned = plan(row.desired, { ...defaultFacts, ...row.facts }, { ...row.options, prefix: 'KUBE-' })
    const state = planned.iptables.get('inet')
    const needsIpvs = [...(state?.chains.values() ?? [])]
      .flat()
      .some(({ matches }) => matches?.some(({ module }) => module === 'ipvs'))
    if (state === undefined || needsIpvs) return []
    const sets = [...planned.sets.values()].filter(({ definition }) => definition.family === 'inet')
    return [
      {
        name: row.name,
        state,
        sets: sets.map(
          ({ definition }) =>
            `create ${definition.name} ${definition.type}${definition.type === 'bitmap:port' ? ' range 0-65535' : ' family inet'}`,
        ),
      },
    ]
  })
}

for (const variant of ['legacy', 'nft'] as const) {
  test(
    `${variant}: rules of the tables are read back as written, and change from one to the next`,
    { skip: notRoot },
    async () => {
      await inNamespace(`director-${variant}-${process.pid}`, async (netns, name) => {
        const iptables = new Iptables('inet', { netns, variant })
        const [first] = rulesets()
        execFileSync('ip', ['netns', 'exec', name, 'ipset', 'restore'], {
          input: `${first?.sets.join('\n') ?? ''}\n`,
        })
        let present: IptablesState | undefined
        for (const { name: row, state } of rulesets()) {
          const change = diffIptables(present, state)
          if (change !== undefined) await iptables.write(change)
          present = await iptables.read(ours)
          assert.equal(diffIptables(present, state), undefined, row)
        }
        const removal = diffIptables(present, undefined)
        assert.ok(removal !== undefined)
        await iptables.write(removal)
        const left = await iptables.read(ours)
        assert.deepEqual([left.chains.size, left.jumps.length], [0, 0])
      })
    },
  )

  test(
    `${variant}: a foreign rule before ours is left alone, a removed jump comes back`,
    { skip: notRoot },
    async () => {
      await inNamespace(`director-j${variant}-${process.pid}`, async (netns, name) => {
        const iptables = new Iptables('inet6', { netns, variant })
        const run = (...args: string[]) =>
          execFileSync('ip', ['netns', 'exec', name, `ip6tables-${variant}`, ...args])
        const wanted: IptablesState = {
          chains: new Map([['filter KUBE-A', [{ source: 'fd00::/64', target: 'RETURN' }]]]),
          jumps: [{ table: 'filter', from: 'INPUT', rule: { target: 'KUBE-A' } }],
        }
        run('-A', 'INPUT', '-p', 'tcp', '-j', 'ACCEPT')
        const change = diffIptables(undefined, wanted)
        assert.ok(change !== undefined)
        await iptables.write(change)
        run('-D', 'INPUT', '-j', 'KUBE-A')
        const repair = diffIptables(await iptables.read(ours), wanted)
        assert.deepEqual(repair?.insertJumps, wanted.jumps)
        await iptables.write(repair)
        const rules = run('-S', 'INPUT').toString().trim().split('\n')
        assert.deepEqual(rules, ['-P INPUT ACCEPT', '-A INPUT -j KUBE-A', '-A INPUT -p tcp -j ACCEPT'])
      })
    },
  )

  test(
    `${variant}: a network plugin's rule that leads to our chain outlives a repair and the cleanup`,
    { skip: notRoot },
    async () => {
      await inNamespace(`director-c${variant}-${process.pid}`, async (netns, name) => {
        const iptables = new Iptables('inet', { netns, variant })
        const run = (...args: string[]) =>
          execFileSync('ip', ['netns', 'exec', name, `iptables-${variant}`, '-t', 'nat', ...args]).toString()
        const wanted: IptablesState = {
          chains: new Map([
            ['nat KUBE-MARK-MASQ', [{ target: 'MARK', targetWords: ['--set-xmark', '0x4000/0x4000'] }]],
            ['nat KUBE-SERVICES', [{ source: '10.0.0.0/8', target: 'KUBE-MARK-MASQ' }]],
          ]),
          jumps: [{ table: 'nat', from: 'PREROUTING', rule: { target: 'KUBE-SERVICES' } }],
        }
        const write = async (planned: IptablesState | undefined): Promise<void> => {
          const change = diffIptables(await iptables.read(ownershipOf(wanted)), planned)
          if (change !== undefined) await iptables.write(change)
        }
        const foreign = '-A CNI-DN-abc -s 10.88.0.0/16 -j KUBE-MARK-MASQ'
        await write(wanted)
        run('-N', 'CNI-DN-abc')
        run(...foreign.split(' '))
        run('-D', 'PREROUTING', '-j', 'KUBE-SERVICES')
        await write(wanted)
        assert.match(run('-S'), /-A PREROUTING -j KUBE-SERVICES/)
        assert.ok(run('-S').includes(foreign))
        await write(undefined)
        assert.ok(run('-S').includes(foreign))
        assert.equal(run('-S', 'KUBE-MARK-MASQ').trim(), '-N KUBE-MARK-MASQ')
        assert.doesNotMatch(run('-S'), /KUBE-SERVICES/)
      })
    },
  )
}

test(
  'a rule that the kernel refuses is an error with the words of iptables, and nothing is written',
  { skip: notRoot },
  async () => {
    await inNamespace(`director-bad-${process.pid}`, async (netns) => {
      const iptables = new Iptables('inet', { netns })
      const chains = new Map([['filter KUBE-A', [{ target: 'NO-SUCH-TARGET' }]]])
      const change = diffIptables(undefined, { chains, jumps: [] })
      assert.ok(change !== undefined)
      await assert.rejects(iptables.write(change), (error) => {
        assert.ok(DirectorError.is(error))
        assert.equal(error.code, 'ERR_IPTABLES')
        assert.equal(error.operation, 'writeRules')
        return true
      })
      assert.equal((await iptables.read(ours)).chains.size, 0)
    })
  },
)

test('a variant that is not installed says so', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = '/nonexistent'
  try {
    await assert.rejects(new Iptables('inet').version(), { code: 'ERR_UNSUPPORTED_FEATURE' })
  } finally {
    process.env['PATH'] = path
  }
})

async function inNamespace(name: string, run: (path: string, name: string) => Promise<void>): Promise<void> {
  execFileSync('ip', ['netns', 'add', name])
  try {
    await run(`/run/netns/${name}`, name)
  } finally {
    execFileSync('ip', ['netns', 'delete', name])
  }
}
