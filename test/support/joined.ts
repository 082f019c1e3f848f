/**
 * Test files one after the other in this one process, each as a suite of its own so that its hooks stay its own:
 * `node dist/test/support/joined.js SECONDS FILES…`, where a file may take so many seconds. For where starting Node takes
 * longer than most files do: under sanitizers, and in a guest.
 */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { describe } from 'node:test'

const load = createRequire(__filename)

const [limitSeconds, ...files] = process.argv.slice(2)
for (const file of files) {
  describe(file, { timeout: Number(limitSeconds) * 1000 }, () => {
    load(resolve(file))
  })
}
