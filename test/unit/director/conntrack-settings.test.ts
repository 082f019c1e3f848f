/** Settings of conntrack: what is planned from the options, and how the size of the table is read back. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type DirectorConntrack, plan } from '../../../lib/index.js'
import { defaultFacts } from '../../conformance/row.js'

function planned(conntrack: 'kube-proxy' | DirectorConntrack | undefined, processors = 2): object {
  const { sysctls } = plan({}, { ...defaultFacts, processors }, conntrack === undefined ? {} : { conntrack })
  const prefix = 'net.netfilter.nf_conntrack_'
  const ours = [...sysctls].filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(ours.map(([name, value]) => [name.slice(prefix.length), value]))
}

test('conntrack is left as it is unless somebody asks', () => {
  assert.deepEqual(planned(undefined), {})
  assert.deepEqual(planned({}), {})
  assert.deepEqual(planned({ maxPerCore: 0, min: 131072, tcpEstablishedSeconds: 0 }), {})
})

test('kube-proxy’s defaults have a name', () => {
  assert.deepEqual(planned('kube-proxy'), {
    max: '131072',
    buckets: '32768',
    tcp_timeout_established: '86400',
    tcp_timeout_close_wait: '3600',
  })
})

test('the table grows with the processors, above the least and below what the kernel can say', () => {
  assert.deepEqual(planned({ maxPerCore: 32768, min: 131072 }, 8), { max: '262144', buckets: '65536' })
  assert.deepEqual(planned({ maxPerCore: 2147483647 }, 8), { max: '2147483647', buckets: '536870911' })
})
