/** Pods as calico wires them: a gateway that nobody has, routes instead of bridges; then a service over them. */
import assert from 'node:assert/strict'
import { defineExperiment } from 'ipvs-director'

const service = { protocol: 'tcp', address: '169.254.2.100', port: 80 } as const
const url = 'http://169.254.2.100/'
const hosts = [
  { host: 'host0', pod: 'ns0', address: '172.16.0.10', others: '172.16.1.0/24', via: '10.130.17.31' },
  { host: 'host1', pod: 'ns1', address: '172.16.1.11', others: '172.16.0.0/24', via: '10.130.17.30' },
] as const
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
const host = (address: string, gateway: string) => ({
  addresses: { eth0: [`${address}/24`] },
  routes: [{ to: 'default', via: gateway }],
})
const pod = (address: string) => ({
  addresses: { veth0: [`${address}/24`] },
  backends: [{ protocol: 'http', port: 8888 }] as const,
})

export default defineExperiment({
  name: 'pod-network',
  seed: '002',
  title: {
    en: 'Experiment 4: pods behind a calico-like veth, proxy_arp and routes, and a service over them',
    zh: '实验 4：模拟 calico 网络（veth、proxy_arp、路由），后端在命名空间中',
  },
  topology: {
    namespaces: {
      host0: host('10.130.17.30', '10.130.17.1'),
      host1: host('10.130.17.31', '10.130.17.1'),
      ns0: pod('172.16.0.10'),
      ns1: pod('172.16.1.11'),
    },
    wires: [
      ['host0:eth0', 'host1:eth0'],
      ['host0:cali0', 'ns0:veth0'],
      ['host1:cali0', 'ns1:veth0'],
    ],
  },
  roles: {
    '169.254.2.100': 'VIP',
    '10.130.17.30': 'DIP',
    '10.130.17.31': 'DIP',
    '172.16.0.10': 'RIP',
    '172.16.1.11': 'RIP',
  },
  record: ['host0:cali0', 'ns1:veth0'],

  async run(trial) {
    const toOwn = 'http://172.16.0.10:8888/'
    const toOther = 'http://172.16.1.11:8888/'

    await trial.step(
      {
        en: 'In each pod: everything goes to 169.254.1.1; on each host: the pod is at cali0',
        zh: '命名空间内：默认网关 169.254.1.1；Host 上：到命名空间的路由',
        classic: [
          'ip netns exec ns0 ip route add 169.254.1.1 dev veth0 scope link',
          'ip netns exec ns0 ip route add default via 169.254.1.1 dev veth0',
          'ip route add 172.16.0.10 dev cali0 scope link',
        ],
      },
      async () => {
        for (const { host, pod, address } of hosts) {
          await trial.command(pod, 'ip route add 169.254.1.1 dev veth0 scope link')
          await trial.command(pod, 'ip route add default via 169.254.1.1 dev veth0')
          await trial.command(host, `ip route add ${address} dev cali0 scope link`)
        }
      },
    )
    await trial.fails('host0', toOwn, {
      en: 'The host reaches its pod, and the pod cannot answer: nobody is 169.254.1.1',
      zh: 'Host 的请求到了命名空间，但应答出不来：没有人应答 169.254.1.1 的 ARP',
      path: { en: 'host0 → ns0: who has 169.254.1.1? ✗', zh: 'host0 → ns0: 谁有 169.254.1.1？ ✗' },
      why: {
        en:
          'The gateway exists on no link. The pod asks for its hardware address, and the host does not answer for ' +
          'addresses that are not its own.',
        zh: '网关地址不在任何网卡上。命名空间发 ARP 查询，Host 不会替别的地址应答。',
      },
    })
    await trial.holds(
      {
        en: 'cali0 saw the question, and no answer',
        zh: 'cali0 抓包：只有 ARP 请求，没有应答',
      },
      async () => {
        await trial.packet(({ flags, destination }) => flags === 'request' && destination === '169.254.1.1')
        const answers = (await trial.packets()).filter(({ flags }) => flags === 'reply')
        assert.deepEqual(
          answers.filter(({ source }) => source === '169.254.1.1'),
          [],
        )
      },
    )
    await trial.step(
      {
        en: 'The host answers for others on cali0, and forwards',
        zh: '在 cali0 上开启 proxy_arp，开启转发',
        classic: [
          'echo 1 > /proc/sys/net/ipv4/ip_forward',
          'echo 1 > /proc/sys/net/ipv4/conf/cali0/proxy_arp',
        ],
      },
      async () => {
        for (const { host } of hosts) {
          const { sysctls } = await trial.kernel(host)
          await sysctls.set('net.ipv4.ip_forward', 1)
          await sysctls.set('net.ipv4.conf.cali0.proxy_arp', 1)
        }
      },
    )
    await trial.works('host0', toOwn, {
      en: 'Host and pod reach each other',
      zh: 'Host 与自己的命名空间互通',
      path: 'host0 → cali0 → ns0 → cali0 (proxy ARP) → host0',
      servers: ['ns0'],
      client: '10.130.17.30',
    })
    await trial.fails('ns0', toOther, {
      en: 'A packet for the other pod leaves this one, and the host sends it the wrong way',
      zh: '报文到了 Host，但 Host 没有到对端网段的路由',
      path: { en: 'ns0 → host0 → default route ✗', zh: 'ns0 → host0 → 默认路由 ✗' },
      why: {
        en: 'Nobody told host0 where 172.16.1.0/24 is: it uses its default route, to a router that knows nothing of pods.',
        zh: 'host0 没有到 172.16.1.0/24 的路由，于是走默认路由，而路由器不认识命名空间的地址。',
      },
    })
    await trial.step(
      {
        en: 'Each host learns the subnet of the other’s pods',
        zh: '添加到对端命名空间网段的路由',
        classic: [
          'ip route add 172.16.1.0/24 via 10.130.17.31 dev eth0    # on host0',
          'ip route add 172.16.0.0/24 via 10.130.17.30 dev eth0    # on host1',
        ],
      },
      async () => {
        for (const { host, others, via } of hosts)
          await trial.command(host, `ip route add ${others} via ${via} dev eth0`)
      },
    )
    await trial.works('ns0', toOther, {
      en: 'Pod reaches pod, with its own address',
      zh: '命名空间之间互通，源地址不变',
      path: 'ns0 → cali0 (proxy ARP) → host0 → host1 → cali0 → ns1',
      servers: ['ns1'],
      client: '172.16.0.10',
    })
    await trial.holds(
      {
        en: 'ping tells of two routers on the way: a TTL of 62',
        zh: 'ping：经过两个路由器，TTL 为 62',
      },
      async () => assert.match(await output('ping', '-c', '1', '172.16.1.11'), / ttl=62 /),
    )
    await trial.holds(
      {
        en: 'and the way is host0, host1, ns1',
        zh: '路径依次是 host0、host1、ns1',
      },
      async () => {
        const way = await output('traceroute', '-n', '-q', '1', '-w', '2', '172.16.1.11')
        const hops = [...way.matchAll(/^ *\d+ +([\d.]+)/gm)].map(([, address]) => address)
        assert.deepEqual(hops, ['10.130.17.30', '10.130.17.31', '172.16.1.11'], way)
      },
    )
    await trial.step(
      {
        en: 'On both hosts: dummy link with the VIP, service with both pods, set and rules',
        zh: '两个 Host 上：dummy 网卡和 VIP、虚拟服务（后端是命名空间）、ipset 和规则',
        classic: [
          'ip link add dev dummy-ipvs0 type dummy',
          'ip addr add 169.254.2.100/32 dev dummy-ipvs0',
          'ipvsadm --add-service --tcp-service 169.254.2.100:80 --scheduler rr',
          'ipvsadm --add-server --tcp-service 169.254.2.100:80 --real-server 172.16.0.10:8888 --masquerading',
          'ipvsadm --add-server --tcp-service 169.254.2.100:80 --real-server 172.16.1.11:8888 --masquerading',
          'echo 1 > /proc/sys/net/ipv4/vs/conntrack',
          'ipset create LU-SERVICE-IP hash:ip,port -exist',
          'ipset add LU-SERVICE-IP 169.254.2.100,tcp:80 -exist',
          ...rules,
        ],
      },
      async () => {
        for (const { host } of hosts) {
          const { ipvs, links, sets, sysctls } = await trial.kernel(host)
          await links.createDummy('dummy-ipvs0')
          await links.addAddress('dummy-ipvs0', '169.254.2.100/32')
          await ipvs.addService({ ...service, scheduler: 'rr' })
          for (const { address } of hosts)
            await ipvs.addServer(service, { address, port: 8888, forwarding: 'masquerade' })
          await sysctls.set('net.ipv4.vs.conntrack', 1)
          await sets.create('LU-SERVICE-IP', 'hash:ip,port', { exist: 'ignore' })
          const { failed } = await sets.add('LU-SERVICE-IP', '169.254.2.100,tcp:80')
          assert.deepEqual(failed, [])
          for (const rule of rules) await trial.command(host, rule)
        }
      },
    )
    for (const { host } of hosts)
      await trial.works(host, url, {
        en: `From ${host} both pods answer in turn`,
        zh: `从 ${host} 访问：两个命名空间轮流应答`,
        path: {
          en: `${host}: OUTPUT (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → ns0 | ns1`,
          zh: `${host}: OUTPUT (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → ns0 | ns1`,
        },
        servers: ['ns0', 'ns1'],
      })
    await trial.works('ns0', url, {
      en: 'A pod reaches the service as well, and through it itself',
      zh: '命名空间也能访问虚拟服务，包括经由它访问自己',
      path: {
        en: 'ns0 → host0: PREROUTING (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → ns0 | host1 → ns1',
        zh: 'ns0 → host0: PREROUTING (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → ns0 | host1 → ns1',
      },
      servers: ['ns0', 'ns1'],
    })

    async function output(...command: readonly [string, ...string[]]): Promise<string> {
      const { stdout, stderr } = await trial.namespace('ns0').run(['busybox', ...command])
      return stdout + stderr
    }
  },
})
