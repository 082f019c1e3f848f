/** Every set type of this machine's kernel against the real ipset; those that it lacks are tested in test/lab. */
import test from 'node:test'

import { openKernel } from '../../lib/index.js'
import { skipWithoutNamespaces as skip, withKernel } from '../support/namespace.js'
import { caseName, setCases } from '../support/set-cases.js'
import { checkSameAsIpset, ipsetIn } from '../support/set-differential.js'

for (const one of setCases) {
  test(`what ipset makes of the entries of ${caseName(one)}, we make of them too`, { skip }, (context) =>
    withKernel(async (kernel, { name }) => {
      const types = await kernel.sets.types()
      if (!types.some((type) => type.name === one.type)) {
        context.skip(`this kernel has no ${one.type}; the lab's has`)
        return
      }
      await checkSameAsIpset(kernel, ipsetIn(name), one)
    }),
  )
}

test('types tells the revisions that the kernel speaks', { skip }, async () => {
  const kernel = await openKernel()
  const types = await kernel.sets.types()
  await kernel.close()
  if (types.length === 0) throw new Error('no set type at all')
  for (const { name, oldestRevision, newestRevision, revision } of types) {
    const common = revision !== undefined && revision >= oldestRevision && revision <= newestRevision
    if (!common)
      throw new Error(`${name}: ${revision} is not between ${oldestRevision} and ${newestRevision}`)
  }
})
