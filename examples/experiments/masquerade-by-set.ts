/** From one rule for a subnet to one rule for a set: masquerade nothing but what needs it. */
import assert from 'node:assert/strict'
import { containerNetwork, defineExperiment } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.100.100.100', port: 8080 } as const
const url = 'http://10.100.100.100:8080/'
const postrouting = (verb: string, match: string) =>
  `iptables -t nat ${verb} POSTROUTING ${match} -j MASQUERADE`
const byPrefix = '-s 10.0.0.0/24'
const byAddress = '-s 10.0.0.11/32'
const bySet = '-m set --match-set DUSTIN-LOOP-BACK dst,dst,src'

export default defineExperiment({
  name: 'masquerade-by-set',
  seed: '001',
  title: {
    en: 'MASQUERADE by prefix, by address, and by one set matched dst,dst,src',
    zh: '优化 MASQUERADE：按网段、按地址、按一个 ipset（dst,dst,src）',
  },
  topology: containerNetwork({
    bridge: 'bridge_home',
    containers: { dustin: '10.0.0.11', leah: '10.0.0.21' },
  }),
  roles: { '10.100.100.100': 'VIP', '10.0.0.11': 'RIP', '10.0.0.21': 'CIP' },
  record: ['dustin'],

  async run(trial) {
    const host = await trial.kernel('host')

    await trial.step(
      {
        en: 'Dummy link with the VIP, service, conntrack, bridged frames through iptables',
        zh: 'dummy 网卡、虚拟服务、vs.conntrack、bridge-nf-call-iptables',
        classic: [
          'ip link add dustin-ipvs0 type dummy; ip addr add 10.100.100.100/32 dev dustin-ipvs0',
          'ipvsadm -A -t 10.100.100.100:8080 -s rr',
          'ipvsadm -a -t 10.100.100.100:8080 -r 10.0.0.11:8080 -m',
          'sysctl net.ipv4.vs.conntrack=1 net.bridge.bridge-nf-call-iptables=1',
          'ip link set bridge_home promisc on',
        ],
      },
      async () => {
        await host.links.createDummy('dustin-ipvs0')
        await host.links.addAddress('dustin-ipvs0', '10.100.100.100/32')
        await host.ipvs.addService({ ...service, scheduler: 'rr' })
        await host.ipvs.addServer(service, { address: '10.0.0.11', port: 8080, forwarding: 'masquerade' })
        await host.sysctls.set('net.ipv4.vs.conntrack', 1)
        await trial.command('host', 'modprobe br_netfilter').catch(() => undefined)
        await host.sysctls.set('net.bridge.bridge-nf-call-iptables', 1)
        await trial.command('host', 'ip link set bridge_home promisc on')
      },
    )
    await trial.step(
      {
        en: 'Masquerade the whole subnet',
        zh: '对整个网段做 MASQUERADE',
        classic: postrouting('-A', byPrefix),
      },
      () => trial.command('host', postrouting('-A', byPrefix)),
    )
    await everyone('10.0.0.1', {
      en: 'even leah, who would not need it, is masqueraded',
      zh: 'leah 本不需要，也被 MASQUERADE 了',
    })
    await trial.step(
      {
        en: 'Masquerade one address only',
        zh: '只对一个地址做 MASQUERADE',
        classic: [postrouting('-D', byPrefix), postrouting('-A', byAddress)],
      },
      async () => {
        await trial.command('host', postrouting('-D', byPrefix))
        await trial.command('host', postrouting('-A', byAddress))
      },
    )
    await everyone('10.0.0.21', { en: 'dustin sees leah itself', zh: 'dustin 看到的就是 leah' })
    await trial.step(
      {
        en: 'Masquerade nothing',
        zh: '删除规则',
        classic: postrouting('-D', byAddress),
      },
      () => trial.command('host', postrouting('-D', byAddress)),
    )
    await trial.fails('dustin', url, {
      en: 'dustin no longer reaches itself',
      zh: 'dustin 无法访问自己',
      path: {
        en: 'dustin → host: IPVS (DNAT) → dustin ✗ from my own address',
        zh: 'dustin → host: IPVS (DNAT) → dustin ✗ 源地址是自己',
      },
      why: {
        en: 'The request comes back to dustin with its own address as the source, and dustin drops it.',
        zh: '请求转回 dustin 时源地址就是它自己，被丢弃。',
      },
    })
    await trial.step(
      {
        en: 'Keep in a set which server is its own client: address, port, address',
        zh: '用一个集合记录“后端访问自己”：目的地址、目的端口、源地址',
        classic: [
          'ipset create DUSTIN-LOOP-BACK hash:ip,port,ip',
          'ipset add DUSTIN-LOOP-BACK 10.0.0.11,tcp:8080,10.0.0.11',
        ],
      },
      async () => {
        await host.sets.create('DUSTIN-LOOP-BACK', 'hash:ip,port,ip')
        const { failed } = await host.sets.add('DUSTIN-LOOP-BACK', ['10.0.0.11,tcp:8080,10.0.0.11'])
        assert.deepEqual(failed, [])
      },
    )
    await trial.step(
      {
        en: 'One rule for all of them: destination, its port, and source are in the set',
        zh: '不论有多少后端，只需一条规则',
        classic: postrouting('-A', bySet),
      },
      () => trial.command('host', postrouting('-A', bySet)),
    )
    await everyone('10.0.0.21', {
      en: 'only who reaches itself is masqueraded',
      zh: '只有访问自己的流量被 MASQUERADE',
    })

    /** The three clients of the seed; leah is seen as the address given, dustin always as the host. */
    async function everyone(leah: string, remark: { en: string; zh: string }): Promise<void> {
      await trial.works('host', url, {
        en: 'The host reaches the service',
        zh: 'host 访问成功',
        servers: ['dustin'],
        client: '10.100.100.100',
      })
      await trial.works('leah', url, {
        en: `leah reaches it; ${remark.en}`,
        zh: `leah 访问成功；${remark.zh}`,
        servers: ['dustin'],
        client: leah,
      })
      await trial.works('dustin', url, {
        en: 'dustin reaches itself, masqueraded',
        zh: 'dustin 访问自己成功（经过 MASQUERADE）',
        path: {
          en: 'dustin → host (DNAT to dustin, SNAT to bridge_home) → dustin',
          zh: 'dustin → host (DNAT 到 dustin，SNAT 到 bridge_home) → dustin',
        },
        servers: ['dustin'],
        client: '10.0.0.1',
      })
    }
  },
})
