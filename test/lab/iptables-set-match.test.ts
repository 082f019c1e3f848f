/** What iptables says on a kernel that lacks the match of sets: said by the real one, of a module that cannot be loaded. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'

import { Iptables } from '../../lib/iptables/program.js'
import { isLoaded, unload } from '../support/modules.js'

/** The program by which the kernel, and iptables, load modules. */
const loader = '/proc/sys/kernel/modprobe'

async function withoutLoading(body: () => Promise<void>): Promise<void> {
  const before = readFileSync(loader, 'utf8')
  writeFileSync(loader, '/bin/false')
  try {
    await body()
  } finally {
    writeFileSync(loader, before)
  }
}

for (const variant of ['legacy', 'nft'] as const) {
  for (const family of ['inet', 'inet6'] as const) {
    test(`without xt_set, rules of ${variant} ${family} cannot ask sets, and iptables works otherwise`, async (context) => {
      // Fails where it is built in.
      spawnSync('modprobe', ['xt_set'])
      if (!isLoaded('xt_set')) return context.skip('this kernel has xt_set built in')
      // Loads the tables as well.
      assert.equal(await new Iptables(family, { variant }).whyNoSetMatch(), undefined)
      await unload('xt_set')
      await withoutLoading(async () => {
        const iptables = new Iptables(family, { variant })
        assert.match((await iptables.whyNoSetMatch()) ?? '', /Extension set .*not supported/)
        assert.match(await iptables.version(), /^1\.\d/)
      })
      assert.equal(await new Iptables(family, { variant }).whyNoSetMatch(), undefined, 'and can again')
    })
  }
}
