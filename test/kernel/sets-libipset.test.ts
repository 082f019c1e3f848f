/** Our encoder held against libipset's, on this machine's kernel; the types that it lacks are tested in test/lab. */
import test from 'node:test'

import { skipWithoutNamespaces, withKernel } from '../support/namespace.js'
import { checkSameAsLibipset } from '../support/libipset-differential.js'
import { everyType, familiesOf } from '../support/random-entries.js'
import { skipWithoutIpset } from '../support/real-ipset.js'
import { ipsetIn } from '../support/set-differential.js'

const skip = skipWithoutNamespaces || skipWithoutIpset

for (const type of everyType) {
  for (const family of familiesOf(type)) {
    test(`libipset makes the same of entries of ${type} (${family})`, { skip }, (context) =>
      withKernel(async (kernel, { name, path }) => {
        const types = await kernel.sets.types()
        if (!types.some((one) => one.name === type)) {
          context.skip(`this kernel has no ${type}; the lab's has`)
          return
        }
        const seed = Math.floor(Math.random() * 2 ** 31)
        context.diagnostic(`seed ${seed}`)
        await checkSameAsLibipset(kernel, ipsetIn(name), path, { type, family, seed })
      }),
    )
  }
}
