/** Our encoder held against libipset's for every set type, in a guest whose kernel has them all. */
import test, { after, before } from 'node:test'

import { openKernel, type Kernel } from '../../lib/index.js'
import { checkSameAsLibipset } from '../support/libipset-differential.js'
import { everyType, familiesOf } from '../support/random-entries.js'
import { skipWithoutIpset as skip } from '../support/real-ipset.js'
import { destroyAll, ipsetIn } from '../support/set-differential.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
after(async () => {
  await destroyAll(kernel)
  await kernel.close()
})

for (const type of everyType) {
  for (const family of familiesOf(type)) {
    test(`libipset makes the same of entries of ${type} (${family})`, { skip }, async (context) => {
      const seed = Math.floor(Math.random() * 2 ** 31)
      context.diagnostic(`seed ${seed}`)
      await checkSameAsLibipset(kernel, ipsetIn(), undefined, { type, family, seed })
    })
  }
}
