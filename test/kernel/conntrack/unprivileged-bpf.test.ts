/** Where bpf(2) is not permitted, the filter runs in the reader; and who insists on the kernel's is told. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { execPath } from 'node:process'
import test from 'node:test'
import { promisify } from 'node:util'

import { skipWithoutNamespaces as skip, withNamespace } from '../../support/namespace.js'

const run = promisify(execFile)
const library = join(__dirname, '..', '..', '..', 'lib', 'index.js')

/** Runs in a process without CAP_BPF and CAP_SYS_ADMIN; prints what became of a filter. */
const program = `
const { openKernel } = require(${JSON.stringify(library)})
async function main() {
  const { conntrack } = await openKernel()
  const filter = { destinations: [{ protocol: 'udp', address: '10.0.0.2', port: 53 }] }
  const listener = conntrack.listen({ events: ['new'], filter })
  await listener.ready
  const make = (destinationPort) => conntrack.create({
    original: { protocol: 'udp', source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1, destinationPort },
    timeoutSeconds: 60,
  })
  await make(54)
  await make(53)
  const { value: chunk } = await listener.next()
  const [event] = chunk
  const demanded = conntrack.listen({ filter, filterKind: 'ebpf' })
  const refused = await demanded.ready.catch(({ code }) => code)
  console.log(JSON.stringify([listener.filterKind, chunk.length, event.original.destinationPort, refused]))
  process.exit()
}
main()
`

test(
  'without the right to use bpf(2) the filter runs in the reader, and a demand for eBPF is refused',
  { skip },
  () =>
    withNamespace(async ({ path }) => {
      const less = ['setpriv', '--bounding-set=-bpf,-sys_admin', '--inh-caps=-bpf,-sys_admin', '--']
      const words = [`--net=${path}`, '--', ...less, execPath, '-e', program]
      const { stdout } = await run('nsenter', words)
      assert.deepEqual(JSON.parse(stdout), ['native', 1, 53, 'ERR_UNSUPPORTED_FEATURE'])
    }),
)
