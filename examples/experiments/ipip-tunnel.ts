/** Tunnelling: real servers of another subnet, reached by IPIP. */
import assert from 'node:assert/strict'
import { defineExperiment } from 'ipvs-director'

/** The director's own address, and one that is for the service alone. */
const DIP = '10.0.10.13'
const VIP = '10.0.10.100'
const web = { protocol: 'tcp', port: 80 } as const
const servers = ['rs1', 'rs2']

const classicService = (address: string) => [
  `ipvsadm -A -t ${address}:80 -s rr`,
  ...['10.0.0.42', '10.0.0.78'].map((server) => `ipvsadm -a -t ${address}:80 -r ${server}:80 -i`),
]

export default defineExperiment({
  name: 'ipip-tunnel',
  seed: '000',
  title: {
    en: 'Tunnelling: real servers in another subnet, over IPIP',
    zh: 'IPIP 隧道模式：跨子网的 RS',
  },
  topology: {
    namespaces: {
      router: {
        bridges: { lan: ['client', ...servers] },
        addresses: { lan: ['10.0.0.1/24'], director: ['10.0.10.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
      client: { addresses: { eth0: ['10.0.0.8/24'] }, routes: [{ to: 'default', via: '10.0.0.1' }] },
      rs1: {
        addresses: { eth0: ['10.0.0.42/24'] },
        routes: [{ to: 'default', via: '10.0.0.1' }],
        backends: [{ protocol: 'http', port: 80 }],
      },
      rs2: {
        addresses: { eth0: ['10.0.0.78/24'] },
        routes: [{ to: 'default', via: '10.0.0.1' }],
        backends: [{ protocol: 'http', port: 80 }],
      },
      director: {
        addresses: { eth0: ['10.0.10.13/24'] },
        routes: [{ to: 'default', via: '10.0.10.1' }],
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
    },
    wires: [
      ['router:client', 'client:eth0'],
      ['router:rs1', 'rs1:eth0'],
      ['router:rs2', 'rs2:eth0'],
      ['router:director', 'director:eth0'],
    ],
  },
  roles: {
    '10.0.0.8': 'CIP',
    '10.0.10.13': 'DIP',
    '10.0.10.100': 'VIP',
    '10.0.0.42': 'RIP',
    '10.0.0.78': 'RIP',
  },
  record: servers,

  async run(trial) {
    const director = await trial.kernel('director')

    await trial.step(
      {
        en: 'Create the service at the director’s own address, with tunnelled servers',
        zh: '在 director 自己的地址上创建服务，以隧道方式加入 RS',
        classic: classicService(DIP),
      },
      () => serve(DIP),
    )
    await trial.fails('client', `http://${DIP}/`, {
      en: 'The request is refused: the servers do not open the tunnel',
      zh: '访问被拒绝：RS 还不会解开隧道报文',
      path: {
        en: 'client → router → director [IPIP: DIP → RIP] → router → rs ✗ no tunnel here',
        zh: 'client → router → director [IPIP: DIP → RIP] → router → rs ✗ 没有隧道设备',
      },
      code: ['ECONNREFUSED', 'ENOPROTOOPT'],
      why: {
        en:
          'The director packs the whole packet into another one, addressed to the real server. Without a tunnel link ' +
          'that is up, the server has nobody who would open it and refuses it by ICMP (protocol unreachable while the ' +
          'module ipip is not loaded, port unreachable while no tunnel is up); the director passes that on to the client.',
        zh:
          'director 把整个报文封装进发往 RIP 的新报文；RS 没有启用的隧道设备，无法解封装，于是回 ICMP 不可达' +
          '（ipip 模块未加载时为协议不可达，已加载但设备未启用时为端口不可达），director 再转告 client。',
      },
    })
    await trial.holds(
      {
        en: 'The packet in the tunnel is the one of the client, unchanged; around it DIP and RIP',
        zh: '抓包：内层报文仍是 CIP → VIP，外层是 DIP → RIP',
      },
      async () => {
        const { source, destination, tunnel } = await trial.packet((packet) => packet.tunnel !== undefined)
        assert.deepEqual([source, destination, tunnel?.source], ['10.0.0.8', DIP, DIP])
      },
    )
    await trial.step(
      {
        en: 'Open a tunnel on the servers, with the VIP on it, silent in ARP',
        zh: '在 RS 上加载 ipip，启用 tunl0，添加 VIP，抑制 ARP',
        classic: [
          'modprobe ipip; ip link set tunl0 up',
          'ip addr add 10.0.10.13/32 dev tunl0',
          'sysctl net.ipv4.conf.{all,tunl0}.arp_ignore=1',
          'sysctl net.ipv4.conf.{all,tunl0}.arp_announce=2',
        ],
      },
      async () => {
        for (const rs of servers) {
          const { links, sysctls } = await trial.kernel(rs)
          // The kernel makes tunl0 in every namespace when the module is there; asking for one loads the module.
          await trial.command(rs, 'ip link show tunl0').catch(() => trial.command(rs, 'modprobe ipip'))
          await links.setUp('tunl0')
          await links.addAddress('tunl0', `${DIP}/32`)
          for (const link of ['all', 'tunl0']) {
            await sysctls.set(`net.ipv4.conf.${link}.arp_ignore`, 1)
            await sysctls.set(`net.ipv4.conf.${link}.arp_announce`, 2)
          }
        }
      },
    )
    await trial.fails('client', `http://${DIP}/`, {
      en: 'The request times out: VIP and DIP must not be one address',
      zh: '访问超时：VIP 和 DIP 不能是同一个地址',
      path: {
        en: 'client → router → director [IPIP: DIP = VIP → RIP] → router → rs ✗ from my own address',
        zh: 'client → router → director [IPIP: DIP = VIP → RIP] → router → rs ✗ 源地址是自己',
      },
      why: {
        en:
          'Around the packet stands the address of the director as the source. It is the VIP as well, which the server ' +
          'has on tunl0: a packet from outside that claims to come from the server itself, which drops it as forged.',
        zh: '外层报文的源地址是 director 的地址，它同时又是 VIP；RS 的 tunl0 上也有这个地址，于是把“从外面来、源地址却是自己”的报文当作伪造的丢弃。',
      },
    })
    await trial.holds(
      {
        en: 'It came as far as the server: with an address of the server’s own around it, and no answer',
        zh: '抓包：报文到了 RS，外层源地址就是 RS 自己的地址，没有应答',
      },
      async () => {
        await trial.packet(({ tunnel }) => tunnel?.source === DIP)
        assert.deepEqual(
          (await trial.packets()).filter(({ flags }) => flags === 'SYN,ACK'),
          [],
        )
      },
    )
    await trial.step(
      {
        en: 'So move the service to an address that is not the director’s only one, also on tunl0',
        zh: '把服务移到单独的 VIP，tunl0 上也换成它',
        classic: [
          `ipvsadm -D -t ${DIP}:80; ip addr add ${VIP}/32 dev eth0`,
          ...classicService(VIP),
          `ip route add ${VIP} via ${DIP}    # on the router`,
          `ip addr del ${DIP}/32 dev tunl0; ip addr add ${VIP}/32 dev tunl0    # on the servers`,
        ],
      },
      async () => {
        await director.ipvs.removeService({ ...web, address: DIP })
        await director.links.addAddress('eth0', `${VIP}/32`)
        await serve(VIP)
        await trial.namespace('router').addRoute({ to: `${VIP}/32`, via: DIP })
        for (const rs of servers) {
          const { links } = await trial.kernel(rs)
          await links.removeAddress('tunl0', `${DIP}/32`)
          await links.addAddress('tunl0', `${VIP}/32`)
        }
      },
    )
    await trial.step(
      {
        en: 'Check the way back as many distributions do (strict rp_filter)',
        zh: '像许多发行版那样开启严格的反向路径检查',
        classic: 'sysctl net.ipv4.conf.tunl0.rp_filter=1',
      },
      () => filterReversePath(1),
    )
    await trial.fails('client', `http://${VIP}/`, {
      en: 'The request times out: the servers open the tunnel and drop what is in it',
      zh: '访问超时：RS 解开隧道后丢弃了内层报文',
      path: 'client → director [IPIP] → rs: tunl0 ✗ rp_filter',
      why: {
        en:
          'Out of the tunnel comes a packet from the client, on tunl0. With rp_filter=1 the kernel asks by which link it ' +
          'would send to the client: by eth0. That is another one, so it drops the packet as forged.',
        zh: '内层报文从 tunl0 进入，源地址是 CIP；rp_filter=1 时内核检查到 CIP 的路由走 eth0，与进入的网卡不同，于是当作伪造报文丢弃。',
      },
    })
    await trial.step(
      {
        en: 'Check no way back on the tunnel',
        zh: '关闭隧道设备的反向路径检查',
        classic: 'sysctl net.ipv4.conf.tunl0.rp_filter=0',
      },
      () => filterReversePath(0),
    )
    await trial.works('client', `http://${VIP}/`, {
      en: 'Both servers answer in turn, from another subnet than the director; they see the client itself',
      zh: '两个 RS 轮流应答，与 director 不在同一子网，看到的源地址就是 CIP',
      path: {
        en: 'client → director [IPIP: DIP → RIP] → rs (tunl0) ─from VIP→ client',
        zh: 'client → director [IPIP: DIP → RIP] → rs (tunl0) ─源为 VIP→ client',
      },
      servers,
      client: '10.0.0.8',
    })
    await trial.holds(
      {
        en: 'The answers came without a tunnel, from the VIP, straight to the client',
        zh: '应答不经过隧道，直接以 VIP 为源地址发给 client',
      },
      async () => {
        const answer = await trial.packet(({ flags }) => flags === 'SYN,ACK')
        assert.deepEqual([answer.source, answer.destination, answer.tunnel], [VIP, '10.0.0.8', undefined])
      },
    )

    async function serve(address: string): Promise<void> {
      await director.ipvs.addService({ ...web, address, scheduler: 'rr' })
      for (const server of ['10.0.0.42', '10.0.0.78'])
        await director.ipvs.addServer(
          { ...web, address },
          { address: server, port: 80, forwarding: 'tunnel' },
        )
    }

    async function filterReversePath(value: 0 | 1): Promise<void> {
      for (const rs of servers)
        await (await trial.kernel(rs)).sysctls.set('net.ipv4.conf.tunl0.rp_filter', value)
    }
  },
})
