/** Deleting by a filter on kernels that take a condition which they do not know for none, and empty the table. */
import assert from 'node:assert/strict'
import { release } from 'node:os'
import { after, before, beforeEach, test } from 'node:test'

import { openKernel, type Flow, type FlowFilter, type Kernel } from '../../lib/index.js'
import { udpFlow } from '../support/conntrack.js'

const timeout = 120_000

let kernel: Kernel
let withoutZones: string | false

before(async () => {
  kernel = await openKernel()
  const made = await kernel.conntrack.createAll([udpFlow(0, { zone: 1 })])
  withoutZones = made.failed[0]?.error.code === 'ENOTSUP' && 'this kernel is built without zones'
})
after(() => kernel.close())
beforeEach(() => kernel.conntrack.flush())

const ends = { source: 'fd00::1', destination: 'fd00::2' }
const ipv6 = { protocol: 'udp', ...ends, sourcePort: 1, destinationPort: 2 } as const

const filters: readonly FlowFilter[] = [
  { family: 'inet6' },
  { mark: { value: 0x10, mask: 0xf0 } },
  { status: ['assured'] },
  { zone: 5 },
  { zone: 0 },
  { family: 'inet', protocol: 'udp', original: { destinationPort: 53 } },
  { family: 'inet', protocol: 'udp', original: { source: '10.0.0.1' }, reply: { sourcePort: 53 } },
  { protocol: 'udp', original: { destinationPort: 2 } },
  { original: { source: '10.0.0.2/31' }, mark: 0 },
]

const idsOf = (flows: readonly Flow[]): number[] => flows.map(({ id }) => id).sort((a, b) => a - b)

for (const filter of filters) {
  test(`${JSON.stringify(filter)} takes what it lists, and nothing else`, { timeout }, async (t) => {
    if (filter.zone !== undefined && withoutZones !== false) return t.skip(withoutZones)
    const { conntrack } = kernel
    const { failed } = await conntrack.createAll([
      udpFlow(1, { mark: 0x11 }),
      udpFlow(2, withoutZones === false ? { zone: 5 } : {}),
      udpFlow(3, { status: ['seen-reply', 'assured'] }),
      { original: { ...udpFlow(4).original, destinationPort: 54 }, timeoutSeconds: 60 },
      { original: ipv6, timeoutSeconds: 60 },
    ])
    assert.deepEqual(failed, [])
    const all = idsOf(await conntrack.flows())
    const listed = idsOf(await conntrack.flows(filter))
    assert.ok(listed.length > 0 && listed.length < all.length)
    assert.equal((await conntrack.delete(filter)).deleted, listed.length)
    assert.deepEqual(
      idsOf(await conntrack.flows()),
      all.filter((id) => !listed.includes(id)),
    )
  })
}

test('a kernel before 6.8 is not trusted with zones, nor with tuples', { timeout }, async (t) => {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  if (major > 6 || (major === 6 && minor >= 8)) return t.skip('needs an older kernel')
  const able = await kernel.conntrack.deletionCapabilities()
  assert.deepEqual(able, { family: true, mark: true, status: true, zone: false, tuple: false })
})
