/** Links and addresses on this machine's kernel; what wants dummy links is in test/lab/links.test.ts. */
import assert from 'node:assert/strict'
import test from 'node:test'

import { Batch, type DirectorError, type LinkAddress, type UnsupportedFeatureError } from '../../lib/index.js'
import { primaryAddresses } from '../../lib/director/plane/node-facts.js'
import { skipWithoutNamespaces as skip, withKernel, type TestNamespace } from '../support/namespace.js'

async function addVeth({ ip }: TestNamespace): Promise<void> {
  await ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1')
  await ip('link', 'set', 'v0', 'up')
}

function texts(addresses: readonly LinkAddress[]): string[] {
  return addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`)
}

const inet = ({ family }: LinkAddress): boolean => family === 'inet'

test('links are listed with what ip-link(8) tells of them', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    await addVeth(namespace)
    const links = await kernel.links.list()
    assert.deepEqual(links.map(({ name }) => name).sort(), ['lo', 'v0', 'v1'])
    const v0 = await kernel.links.get('v0')
    const [shown] = JSON.parse(await namespace.ip('-json', 'link', 'show', 'v0')) as {
      ifindex: number
      mtu: number
      address: string
    }[]
    assert.deepEqual(
      [v0.index, v0.mtu, v0.hardwareAddress, v0.kind, v0.up],
      [shown?.ifindex, shown?.mtu, shown?.address, 'veth', true],
    )
    const lo = await kernel.links.get('lo')
    assert.equal(lo.loopback, true)
    assert.equal(lo.kind, undefined)
  }),
)

test('a link is switched off and on, however often', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    await addVeth(namespace)
    await kernel.links.setDown('v0')
    await kernel.links.setDown('v0')
    assert.equal((await kernel.links.get('v0')).up, false)
    await kernel.links.setUp('v0')
    assert.equal((await kernel.links.get('v0')).up, true)
  }),
)

test('a removed link is gone, and removing it again fails or not, as asked', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    await addVeth(namespace)
    assert.equal(await kernel.links.remove('v0'), true)
    await assert.rejects(kernel.links.get('v0'), { code: 'ENODEV' })
    await assert.rejects(kernel.links.remove('v0'), { code: 'ENODEV', operation: 'remove' })
    assert.equal(await kernel.links.remove('v0', { ifMissing: 'ignore' }), false)
  }),
)

test(
  'an address without prefix length stands for itself alone, and an IPv6 one is usable at once',
  { skip },
  () =>
    withKernel(async (kernel, namespace) => {
      await addVeth(namespace)
      await kernel.links.addAddress('v0', '10.96.0.10')
      await kernel.links.addAddress('v0', '2001:db8::a')
      await kernel.links.addAddress('v0', '10.1.0.1/24')
      const added = (await kernel.links.addresses('v0')).filter(({ scope }) => scope === 'global')
      assert.deepEqual(texts(added).sort(), ['10.1.0.1/24', '10.96.0.10/32', '2001:db8::a/128'])
      const ipv6 = added.find(({ family }) => family === 'inet6')
      assert.equal(ipv6?.noDuplicateDetection, true)
      assert.equal(ipv6?.tentative, false)
    }),
)

test('an address that was read can be written again as it is', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    await addVeth(namespace)
    const details = 'peer 10.0.0.2/32 scope link label v0:vip valid_lft 9000 preferred_lft 8000'.split(' ')
    await namespace.ip('address', 'add', '10.0.0.1', ...details, 'dev', 'v0')
    const [read] = (await kernel.links.addresses('v0')).filter(inet)
    assert.ok(read)
    assert.equal(read.peer, '10.0.0.2')
    assert.equal(read.label, 'v0:vip')
    await kernel.links.removeAddress('v0', read)
    assert.deepEqual((await kernel.links.addresses('v0')).filter(inet), [])
    await kernel.links.addAddress('v0', read)
    const [again] = (await kernel.links.addresses('v0')).filter(inet)
    const timeless = { validSeconds: 0, preferredSeconds: 0 }
    assert.deepEqual({ ...again, ...timeless }, { ...read, ...timeless })
    assert.ok(again?.validSeconds !== undefined && again.validSeconds <= 9000)
  }),
)

test(
  'refusals say what is the matter: the link is missing, the address is there, it is not there',
  { skip },
  () =>
    withKernel(async (kernel, namespace) => {
      await addVeth(namespace)
      await kernel.links.addAddress('v0', '10.0.0.1')
      await assert.rejects(kernel.links.addAddress('v0', '10.0.0.1'), {
        code: 'EEXIST',
        operation: 'addAddress',
      })
      await assert.rejects(kernel.links.removeAddress('v0', '10.0.0.2'), { code: 'EADDRNOTAVAIL' })
      await assert.rejects(kernel.links.removeAddress('v0', '10.0.0.1/24'), { code: 'EADDRNOTAVAIL' })
      await assert.rejects(kernel.links.addAddress('nope', '10.0.0.1'), (error: DirectorError) => {
        assert.equal(error.code, 'ENODEV')
        assert.match(error.message, /'nope'/)
        return true
      })
      await kernel.sysctls.set('net.ipv6.conf.v0.disable_ipv6', 1)
      await assert.rejects(kernel.links.addAddress('v0', '2001:db8::1'), { code: 'EACCES' })
    }),
)

test('a batch puts thousands of addresses on several links and takes them off', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    await addVeth(namespace)
    const count = 3000
    const add = new Batch()
    const remove = new Batch()
    for (let i = 0; i < count; i++) {
      const link = i % 2 === 0 ? 'lo' : 'v0'
      const address = i % 3 === 0 ? `2001:db8::${(i + 1).toString(16)}` : `10.9.${i >> 8}.${i & 255}`
      add.addAddress(link, address)
      remove.removeAddress(link, address)
    }
    const before = (await kernel.links.addresses()).length
    const report = await kernel.commit(add)
    assert.deepEqual([report.applied, report.failed], [count, []])
    assert.equal((await kernel.links.addresses()).length, before + count)
    assert.equal((await kernel.commit(remove)).applied, count)
    assert.equal((await kernel.links.addresses()).length, before)
  }),
)

test('a batch continues past refusals, each of which names its operation', { skip }, () =>
  withKernel(async (kernel) => {
    const batch = new Batch()
      .addAddress('lo', '10.0.0.1')
      .addAddress('nope', '10.0.0.2')
      .addAddress('lo', '10.0.0.1')
      .addAddress('lo', '10.0.0.3')
    const report = await kernel.commit(batch, { onError: 'continue' })
    assert.equal(report.applied, 2)
    assert.deepEqual(
      report.failed.map(({ index, operation, target, error }) => [index, operation, target, error.code]),
      [
        [1, 'addAddress', { link: 'nope', address: '10.0.0.2', prefixLength: 32 }, 'ENODEV'],
        [2, 'addAddress', { link: 'lo', address: '10.0.0.1', prefixLength: 32 }, 'EEXIST'],
      ],
    )
  }),
)

test('a batch that stops sends nothing behind the datagram of the refusal', { skip }, () =>
  withKernel(async (kernel) => {
    const batch = new Batch()
    const count = 20_000
    batch.addAddress('nope', '10.0.0.1')
    for (let i = 0; i < count; i++) batch.removeAddress('lo', `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    const report = await kernel.commit(batch)
    assert.equal(report.failed[0]?.index, 0)
    assert.ok(report.notAttempted > 0)
    assert.equal(report.notAttempted + report.failed.length + report.applied, count + 1)
  }),
)

test('a rollback restores removed addresses with all that they were', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    await addVeth(namespace)
    await namespace.ip(
      'address',
      'add',
      '10.0.0.1/24',
      'brd',
      '+',
      'scope',
      'link',
      'label',
      'v0:a',
      'dev',
      'v0',
    )
    await namespace.ip('address', 'add', '2001:db8::1/64', 'nodad', 'noprefixroute', 'dev', 'v0')
    const before = await kernel.links.addresses()
    const batch = new Batch()
      .removeAddress('v0', '10.0.0.1/24')
      .addAddress('v0', '10.0.0.9')
      .removeAddress('v0', '2001:db8::1/64')
      .addAddress('v0', '2001:db8::1/128')
      .addAddress('nope', '10.0.0.1')
    const report = await kernel.commit(batch, { onError: 'rollback' })
    assert.deepEqual([report.applied, report.rolledBack, report.undoFailed], [0, 4, []])
    const sorted = (addresses: readonly LinkAddress[]): LinkAddress[] =>
      [...addresses].sort((a, b) => a.address.localeCompare(b.address))
    assert.deepEqual(sorted(await kernel.links.addresses()), sorted(before))
  }),
)

test('a kernel without dummy links is told apart, with a remedy', { skip }, async (t) =>
  withKernel(async (kernel, namespace) => {
    const known = await namespace.ip('link', 'add', 'probe', 'type', 'dummy').then(
      () => true,
      () => false,
    )
    if (known) return t.skip('this kernel has dummy links')
    await assert.rejects(kernel.links.createDummy('kube-ipvs0'), (error: UnsupportedFeatureError) => {
      assert.equal(error.code, 'ERR_UNSUPPORTED_FEATURE')
      assert.match(error.remedy, /modprobe dummy/)
      return true
    })
  }),
)

test('a closed kernel refuses everything', { skip }, () =>
  withKernel(async (kernel) => {
    await kernel.close()
    await assert.rejects(kernel.links.list(), { code: 'ERR_CLOSED' })
    await assert.rejects(kernel.links.addAddress('lo', '10.0.0.1'), { code: 'ERR_CLOSED' })
    await assert.rejects(kernel.sysctls.get('net.ipv4.ip_forward'), { code: 'ERR_CLOSED' })
  }),
)

test('the default route of a namespace tells its link, and that the node’s own address', { skip }, () =>
  withKernel(async (kernel, namespace) => {
    const { ip } = namespace
    assert.equal(await kernel.links.defaultRoute('inet'), undefined)
    await addVeth(namespace)
    await ip('link', 'set', 'v1', 'up')
    await ip('address', 'add', '172.17.0.1/16', 'dev', 'v1')
    await ip('address', 'add', '192.0.2.10/24', 'dev', 'v0')
    await ip('address', 'add', '2001:db8::10/64', 'dev', 'v0', 'nodad')
    await ip('route', 'add', 'default', 'via', '172.17.0.2', 'metric', '200')
    await ip('route', 'add', 'default', 'via', '192.0.2.1', 'metric', '100')
    await ip('-6', 'route', 'add', 'default', 'via', '2001:db8::1')
    assert.equal(await kernel.links.defaultRoute('inet'), 'v0')
    assert.equal(await kernel.links.defaultRoute('inet6'), 'v0')
    const addresses = await kernel.links.addresses()
    assert.deepEqual(await primaryAddresses(kernel, addresses, ['inet', 'inet6']), {
      inet: '192.0.2.10',
      inet6: '2001:db8::10',
    })
  }),
)
