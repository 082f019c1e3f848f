/** All set types, in a guest whose kernel has them, against the real ipset. */
import test, { after, before } from 'node:test'

import { openKernel, type Kernel } from '../../lib/index.js'
import { caseName, setCases } from '../support/set-cases.js'
import { checkSameAsIpset, destroyAll, ipsetIn } from '../support/set-differential.js'
import { checkMisfits, misfits, rareMisfits } from '../support/set-misfits.js'

let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
after(async () => {
  await destroyAll(kernel)
  await kernel.close()
})

for (const one of setCases) {
  test(`what ipset makes of the entries of ${caseName(one)}, we make of them too`, async (context) => {
    const known = await kernel.sets.types()
    const type = known.find(({ name }) => name === one.type)
    if (one.options.bitmask !== undefined && (type?.newestRevision ?? 0) < 6) {
      context.skip(`this kernel's ${one.type} has no bitmask (Linux 6.3)`)
      return
    }
    await checkSameAsIpset(kernel, ipsetIn(), one)
  })
}

test('an entry that does not fit its set is named with its field, of every type; ipset refuses it too', async () => {
  await destroyAll(kernel)
  await checkMisfits(kernel, ipsetIn(), [...misfits, ...rareMisfits])
})
