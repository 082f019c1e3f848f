/** What it takes to be rid of it all: in which order, and that nothing is left. */
import assert from 'node:assert/strict'
import { defineExperiment, hostPair } from 'ipvs-director'

const service = { protocol: 'tcp', address: '169.254.2.100', port: 80 } as const
const url = 'http://169.254.2.100/'
const rule = 'POSTROUTING -m set --match-set LU-SERVICE-IP dst,dst -j MASQUERADE'

export default defineExperiment({
  name: 'clean-up',
  seed: '002',
  title: {
    en: 'Cleaning up: services, rules, sets, links, addresses',
    zh: '清理环境：虚拟服务、规则、集合、网卡、地址',
  },
  topology: hostPair(),
  roles: { '169.254.2.100': 'VIP', '10.130.17.30': 'DIP', '10.130.17.31': 'RIP' },
  record: ['host1'],

  async run(trial) {
    const { ipvs, links, sets } = await trial.kernel('host0')
    const before = await everything()

    await trial.step(
      {
        en: 'Something to clean up: dummy link, VIP, service, set and rule',
        zh: '先准备：dummy 网卡、VIP、虚拟服务、集合和规则',
        classic: [
          'ip link add dummy-ipvs0 type dummy; ip addr add 169.254.2.100/32 dev dummy-ipvs0',
          'ipvsadm -A -t 169.254.2.100:80 -s rr; ipvsadm -a -t 169.254.2.100:80 -r 10.130.17.31:8888 -m',
          'sysctl net.ipv4.vs.conntrack=1',
          'ipset create LU-SERVICE-IP hash:ip,port; ipset add LU-SERVICE-IP 10.130.17.31,tcp:8888',
          `iptables -t nat -A ${rule}`,
        ],
      },
      async () => {
        await links.createDummy('dummy-ipvs0')
        await links.addAddress('dummy-ipvs0', '169.254.2.100/32')
        await ipvs.addService({ ...service, scheduler: 'rr' })
        await ipvs.addServer(service, { address: '10.130.17.31', port: 8888, forwarding: 'masquerade' })
        await ipvs.sysctls.set({ conntrack: true })
        await sets.create('LU-SERVICE-IP', 'hash:ip,port')
        await sets.add('LU-SERVICE-IP', '10.130.17.31,tcp:8888')
        await trial.command('host0', `iptables -t nat -A ${rule}`)
      },
    )
    await trial.works('host0', url, {
      en: 'The service is answered',
      zh: '虚拟服务可以访问',
      servers: ['host1'],
      client: '10.130.17.30',
    })
    await trial.step({ en: 'Remove all services', zh: '清空虚拟服务', classic: 'ipvsadm --clear' }, () =>
      ipvs.flush(),
    )
    await trial.fails('host0', url, {
      en: 'New connections are refused at once',
      zh: '新连接立即被拒绝',
      path: 'host0 → host0 ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en: 'The VIP is still an address of the host, now without a service: the host itself answers, with a reset.',
        zh: 'VIP 还是本机地址，但没有虚拟服务了：由本机直接回 RST。',
      },
    })
    await trial.holds(
      {
        en: 'A set that a rule names cannot be destroyed: rules go first',
        zh: '规则引用的集合不能销毁：必须先删规则',
        why: {
          en: 'The rule holds a reference. To destroy all sets is refused as a whole while one of them is in use.',
          zh: '规则持有集合的引用；只要有一个集合在用，ipset destroy 全部都不会执行。',
        },
      },
      async () => {
        assert.equal((await sets.header('LU-SERVICE-IP')).references, 1)
        await assert.rejects(sets.destroy('LU-SERVICE-IP'), { code: 'IPSET_ERR_BUSY' })
        await assert.rejects(sets.destroy(), { code: 'IPSET_ERR_BUSY' })
      },
    )
    await trial.step(
      {
        en: 'Flush the rules of the table nat, and remove its own chains',
        zh: '清空 nat 表的规则和自建链',
        classic: ['iptables -F -t nat', 'iptables -X -t nat'],
      },
      async () => {
        await trial.command('host0', 'iptables -F -t nat')
        await trial.command('host0', 'iptables -X -t nat')
      },
    )
    await trial.step({ en: 'Destroy all sets', zh: '销毁所有集合', classic: 'ipset destroy' }, async () => {
      // The last rule lets go of its set a moment after it is gone (RCU).
      await sets.destroy(undefined, { busyTimeoutMs: 5_000 })
    })
    await trial.step(
      {
        en: 'Remove the dummy link; its address goes with it',
        zh: '删除 dummy 网卡，地址随之消失',
        classic: 'ip link delete dummy-ipvs0',
      },
      async () => void (await links.remove('dummy-ipvs0')),
    )
    await trial.holds(
      {
        en: 'Everything is as it was in the beginning',
        zh: '一切恢复原状',
      },
      async () => assert.deepEqual(await everything(), before),
    )
    await trial.fails('host0', url, {
      en: 'and nobody knows the VIP any more',
      zh: 'VIP 不再可达',
      path: { en: 'host0: no route to 169.254.2.100 ✗', zh: 'host0: 没有路由到 169.254.2.100 ✗' },
      code: 'ENETUNREACH',
      why: {
        en: 'No link has the address, and no route leads to it.',
        zh: '没有网卡持有该地址，也没有到它的路由。',
      },
    })

    async function everything(): Promise<object> {
      return {
        services: [...(await ipvs.snapshot())],
        sets: await sets.list(),
        links: (await links.list()).map(({ name }) => name),
        addresses: (await links.addresses()).map(({ address }) => address),
        rules: await trial.command('host0', 'iptables -t nat -S'),
      }
    }
  },
})
