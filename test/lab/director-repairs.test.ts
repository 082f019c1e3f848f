/** Things under the director's names that are not as it makes them: replaced, and not told again and again. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, afterEach, before } from 'node:test'
import { describeChange, Director, type DirectorSettings, openKernel, type Kernel } from '../../lib/index.js'
import { service } from '../conformance/row.js'

const settings: DirectorSettings = { families: ['inet'], nodeName: 'test-node' }
let kernel: Kernel

before(async () => {
  kernel = await openKernel()
})
afterEach(() => new Director(kernel, settings).cleanup())
after(() => kernel.close())

test('an address with a prefix on the link is removed once, and the planned one stays beside it', async () => {
  const director = new Director(kernel, settings)
  director.upsertService(service())
  await director.sync()
  execFileSync('ip', ['address', 'add', '203.0.113.5/24', 'dev', 'kube-ipvs0'])
  execFileSync('ip', ['address', 'add', '10.20.30.41/24', 'dev', 'kube-ipvs0'])
  const { drift, failed } = await director.sync({ full: true })
  assert.deepEqual(failed, [])
  assert.deepEqual(drift.map(describeChange).sort(), [
    '- address 10.20.30.41/24 kube-ipvs0',
    '- address 203.0.113.5/24 kube-ipvs0',
  ])
  assert.deepEqual((await director.sync({ full: true })).drift, [])
  const shown = execFileSync('ip', ['-o', '-4', 'address', 'show', 'dev', 'kube-ipvs0'], { encoding: 'utf8' })
  assert.deepEqual(
    [...shown.matchAll(/inet (\S+)/g)].map(([, address]) => address),
    ['10.20.30.41/32'],
  )
})

test('a set of another type under our name is replaced by the planned one', async () => {
  execFileSync('ipset', ['create', 'KUBE-CLUSTER-IP', 'hash:net'])
  const director = new Director(kernel, settings)
  director.upsertService(service())
  assert.deepEqual((await director.sync()).failed, [])
  assert.match(
    execFileSync('ipset', ['save', 'KUBE-CLUSTER-IP'], { encoding: 'utf8' }),
    /^create KUBE-CLUSTER-IP hash:ip,port .*\nadd KUBE-CLUSTER-IP 10\.20\.30\.41,tcp:80$/m,
  )
  assert.equal(String(await director.plan()), '')
})
