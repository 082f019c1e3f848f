/** What is found out about an iptables by asking it, with programs in its place that answer as real ones do. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { Iptables } from '../../../lib/iptables/program.js'

const name = 'iptables-restore v1.8.9 (legacy)'
const noSuchSet = `echo "${name}: Set nobody doesn't exist." >&2; exit 1`
const noMatch = `echo "${name}: Couldn't load match \\\`set'" >&2; exit 1`

/** Scripts stand in the place of programs; each notes that it was asked. */
async function withPrograms(
  scripts: Readonly<Record<string, string>>,
  body: (asked: () => string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'iptables-'))
  const { PATH } = process.env
  try {
    const log = join(folder, 'log')
    writeFileSync(log, '')
    for (const [program, script] of Object.entries(scripts)) {
      const file = join(folder, program)
      writeFileSync(file, `#!/bin/sh\necho ${program} >> ${log}\ntext=$(/bin/cat)\n${script}\n`)
      chmodSync(file, 0o755)
    }
    process.env['PATH'] = folder
    await body(() => readFileSync(log, 'utf8').split('\n').slice(0, -1))
  } finally {
    process.env['PATH'] = PATH
    rmSync(folder, { recursive: true })
  }
}

test('one question tells that iptables works, that its rules can ask sets, and its version', () =>
  withPrograms({ 'iptables-restore': noSuchSet }, async (asked) => {
    const iptables = new Iptables('inet')
    assert.equal(await iptables.version(), '1.8.9')
    assert.equal(await iptables.whyNoSetMatch(), undefined)
    assert.deepEqual(asked(), ['iptables-restore'])
    // Later the kernel may have lost the match, or got it.
    await iptables.whyNoSetMatch()
    assert.equal(asked().length, 2)
  }))

test('an iptables that works without the match of sets says why rules cannot ask them', () =>
  withPrograms({ 'iptables-restore': `case $text in *match-set*) ${noMatch};; esac` }, async () => {
    const iptables = new Iptables('inet')
    assert.match((await iptables.whyNoSetMatch()) ?? '', /Couldn't load match `set'/)
    assert.equal(await iptables.version(), '1.8.9')
  }))

test('where the first iptables does not work on this kernel, another variant does', () =>
  withPrograms(
    {
      'ip6tables-restore': 'echo "ip6tables-restore v1.8.7 (nf_tables): Protocol not supported" >&2; exit 3',
      'ip6tables-legacy-restore': noSuchSet,
    },
    async () => {
      const ip6tables = new Iptables('inet6')
      assert.equal(await ip6tables.whyNoSetMatch(), undefined)
      assert.equal(await ip6tables.version(), '1.8.9')
    },
  ))

test('where no iptables works, the error says of each why not', () =>
  withPrograms({ 'iptables-restore': `echo "${name}: no table" >&2; exit 3` }, async () => {
    await assert.rejects(new Iptables('inet').version(), {
      code: 'ERR_UNSUPPORTED_FEATURE',
      message: /iptables: .*no table; iptables-legacy: not installed; iptables-nft: not installed/,
    })
  }))
