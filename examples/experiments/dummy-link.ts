/** The VIP on a dummy link: an address that belongs to no wire. */
import assert from 'node:assert/strict'
import { defineExperiment, hostPair } from 'ipvs-director'

const service = { protocol: 'tcp', address: '169.254.2.100', port: 80 } as const
const url = 'http://169.254.2.100/'
const hosts = ['host0', 'host1']
const rules = [
  'iptables -t nat -N LU-SERVICES',
  'iptables -t nat -A PREROUTING -j LU-SERVICES',
  'iptables -t nat -A OUTPUT -j LU-SERVICES',
  'iptables -t nat -N LU-MARK-MASQ',
  'iptables -t nat -A LU-SERVICES -m set --match-set LU-SERVICE-IP dst,dst -j LU-MARK-MASQ',
  'iptables -t nat -A LU-MARK-MASQ -j MARK --set-xmark 0x2000/0x2000',
  'iptables -t nat -N LU-POSTROUTING',
  'iptables -t nat -A POSTROUTING -j LU-POSTROUTING',
  'iptables -t nat -A LU-POSTROUTING -m mark --mark 0x2000/0x2000 -j MASQUERADE',
]

export default defineExperiment({
  name: 'dummy-link',
  seed: '002',
  title: {
    en: 'Experiment 3: the VIP on a dummy link',
    zh: '实验 3：VIP 配在 dummy 网卡上',
  },
  topology: hostPair(),
  roles: { '169.254.2.100': 'VIP', '10.130.17.30': 'DIP and RIP', '10.130.17.31': 'DIP and RIP' },
  record: ['host1'],

  async run(trial) {
    await trial.step(
      {
        en: 'On both hosts: service, set and rules as before, and no address yet',
        zh: '两个 Host 上：虚拟服务、ipset 和规则同实验 2，先不添加 VIP',
        classic: [
          'ipvsadm --add-service --tcp-service 169.254.2.100:80 --scheduler rr',
          'ipvsadm --add-server --tcp-service 169.254.2.100:80 --real-server 10.130.17.30:8888 --masquerading',
          'ipvsadm --add-server --tcp-service 169.254.2.100:80 --real-server 10.130.17.31:8888 --masquerading',
          'echo 1 > /proc/sys/net/ipv4/vs/conntrack',
          'ipset create LU-SERVICE-IP hash:ip,port -exist',
          'ipset add LU-SERVICE-IP 169.254.2.100,tcp:80 -exist',
          ...rules,
        ],
      },
      async () => {
        for (const host of hosts) {
          const { ipvs, sets, sysctls } = await trial.kernel(host)
          await ipvs.addService({ ...service, scheduler: 'rr' })
          for (const address of ['10.130.17.30', '10.130.17.31'])
            await ipvs.addServer(service, { address, port: 8888, forwarding: 'masquerade' })
          await sysctls.set('net.ipv4.vs.conntrack', 1)
          await sets.create('LU-SERVICE-IP', 'hash:ip,port', { exist: 'ignore' })
          const { failed } = await sets.add('LU-SERVICE-IP', '169.254.2.100,tcp:80')
          assert.deepEqual(failed, [])
          for (const rule of rules) await trial.command(host, rule)
        }
      },
    )
    await trial.fails('host0', url, {
      en: 'No link has the VIP: the network is unreachable, and IPVS is not even asked',
      zh: '没有网卡持有 VIP：网络不可达，根本到不了 IPVS',
      path: { en: 'host0: no route to 169.254.2.100 ✗', zh: 'host0: 没有路由到 169.254.2.100 ✗' },
      code: 'ENETUNREACH',
      why: {
        en:
          'Routing comes before the hooks of netfilter. The hosts know their own subnet only, so the connection is ' +
          'refused before there is a packet. The address on a link gives the route, in the table local.',
        zh:
          '路由查找先于 netfilter 的钩子。Host 只认识自己的子网，报文还没产生就被拒绝；' +
          '在任何网卡上添加 VIP，就有了 local 表中的路由。',
      },
    })
    await trial.step(
      {
        en: 'Make a dummy link on both hosts, and give it the VIP',
        zh: '在两个 Host 上创建 dummy 网卡并添加 VIP',
        classic: ['ip link add dev dummy-ipvs0 type dummy', 'ip addr add 169.254.2.100/32 dev dummy-ipvs0'],
      },
      async () => {
        for (const host of hosts) {
          const { links } = await trial.kernel(host)
          await links.createDummy('dummy-ipvs0')
          await links.addAddress('dummy-ipvs0', '169.254.2.100/32')
        }
      },
    )
    for (const host of hosts) {
      const client = host === 'host0' ? '10.130.17.30' : '10.130.17.31'
      await trial.works(host, url, {
        en: `From ${host} both hosts answer in turn`,
        zh: `从 ${host} 访问：两个 Host 轮流应答`,
        path: {
          en: `${host}: OUTPUT (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → host0 | host1`,
          zh: `${host}: OUTPUT (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → host0 | host1`,
        },
        servers: hosts,
        client,
      })
    }
    await trial.holds(
      {
        en: 'The link is down and carried nothing: its address is all that it is for',
        zh: 'dummy 网卡是 down 的，没有收发任何报文：它只用来持有地址',
        why: {
          en:
            'An address is the host’s as soon as some link has it, whether that link is up or not. kube-proxy leaves its ' +
            'kube-ipvs0 down for the same reason.',
          zh: '只要有网卡持有，地址就是本机的，与网卡是否 up 无关；kube-proxy 的 kube-ipvs0 也一直是 down。',
        },
      },
      async () => {
        const { links } = await trial.kernel('host0')
        assert.equal((await links.get('dummy-ipvs0')).up, false)
        const statistics = await trial.command('host0', 'ip -s link show dev dummy-ipvs0')
        assert.deepEqual(statistics.match(/^\s+0\s+0\s+0\s/gm)?.length, 2, statistics)
      },
    )
    await trial.step(
      {
        en: 'Take the dummy link of host0 away, the VIP with it',
        zh: '删除 host0 的 dummy 网卡，VIP 随之消失',
        classic: 'ip link delete dummy-ipvs0',
      },
      async () => void (await (await trial.kernel('host0')).links.remove('dummy-ipvs0')),
    )
    await trial.fails('host0', url, {
      en: 'The service is there, and out of reach again',
      zh: '虚拟服务还在，但又访问不到了',
      path: { en: 'host0: no route to 169.254.2.100 ✗', zh: 'host0: 没有路由到 169.254.2.100 ✗' },
      code: 'ENETUNREACH',
      why: {
        en: 'The service is in the kernel’s table, but no packet for it gets as far as that.',
        zh: '虚拟服务仍在内核表中，但没有报文能走到那里。',
      },
    })
  },
})
