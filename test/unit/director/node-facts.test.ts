import assert from 'node:assert/strict'
import test from 'node:test'
import { UnsupportedFeatureError } from '../../../lib/index.js'
import { usableIptables } from '../../../lib/director/plane/node-facts.js'
import { readInet6Route, readInetRoute } from '../../../lib/link/default-route.js'

const works = { version: async () => '1.8.9' }
const isMissing = {
  version: () =>
    Promise.reject(new UnsupportedFeatureError('ip6tables', 'not installed', 'install iptables')),
}

test('without ip6tables IPv4 is served alone; without either nothing is', async () => {
  const { versions, unavailable } = await usableIptables({ inet: works, inet6: isMissing }, ['inet', 'inet6'])
  assert.deepEqual(versions, ['1.8.9'])
  assert.match(unavailable.inet6 ?? '', /not installed/)
  await assert.rejects(usableIptables({ inet: works, inet6: isMissing }, ['inet6']), {
    code: 'ERR_UNSUPPORTED_FEATURE',
  })
})

test('a default route is one to everywhere that is up and refuses nothing', () => {
  const inet = (line: string) => readInetRoute(line.split(' '))
  assert.deepEqual(inet('eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0'), { link: 'eth0', metric: 100 })
  assert.equal(inet('eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0'), undefined)
  // 0.0.0.0/1, as some tunnels have it.
  assert.equal(inet('tun0 00000000 00000000 0001 0 0 0 00000080 0 0 0'), undefined)
  const zero = '0'.repeat(32)
  const inet6 = (line: string) => readInet6Route(line.split(' '))
  assert.deepEqual(inet6(`${zero} 00 ${zero} 00 ${zero} 00000400 00000002 00000000 00000003 eth0`), {
    link: 'eth0',
    metric: 1024,
  })
  assert.equal(inet6(`${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200 lo`), undefined)
  assert.equal(inet6(`${zero} 80 ${zero} 00 ${zero} 00000000 00000002 00000000 80200001 lo`), undefined)
})
