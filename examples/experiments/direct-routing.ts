/** Direct routing: the director changes MAC addresses only, the real servers own the VIP in secret. */
import assert from 'node:assert/strict'
import { defineExperiment, flatNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.0.0.161', port: 80 } as const
const servers = ['rs1', 'rs2']

export default defineExperiment({
  name: 'direct-routing',
  seed: '000',
  title: {
    en: 'Direct routing: the VIP on lo, and silence about it in ARP',
    zh: '直接路由（DR）模式：lo 上的 VIP 与 ARP 抑制',
  },
  topology: flatNetwork({ director: '10.0.0.160' }),
  roles: {
    '10.0.0.8': 'CIP',
    '10.0.0.160': 'DIP',
    '10.0.0.161': 'VIP',
    '10.0.0.42': 'RIP',
    '10.0.0.78': 'RIP',
  },
  record: servers,

  async run(trial) {
    const director = await trial.kernel('director')
    const forgetNeighbours = () => trial.command('client', 'ip neigh flush dev eth0')

    await trial.step(
      {
        en: 'Give the director the VIP, beside its own address',
        zh: '在 director 上添加 VIP（与它自己的地址 DIP 分开）',
        classic: 'ip addr add 10.0.0.161/32 dev eth0',
      },
      () => director.links.addAddress('eth0', '10.0.0.161/32'),
    )
    await trial.step(
      {
        en: 'Create the service, with servers by direct routing',
        zh: '创建服务，以直接路由方式加入 RS（端口必须与服务一致）',
        classic: [
          'ipvsadm -A -t 10.0.0.161:80 -s rr',
          'ipvsadm -a -t 10.0.0.161:80 -r 10.0.0.42:80 -g',
          'ipvsadm -a -t 10.0.0.161:80 -r 10.0.0.78:80 -g',
        ],
      },
      async () => {
        await director.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.0.0.42', '10.0.0.78'])
          await director.ipvs.addServer(service, { address, port: 80, forwarding: 'direct' })
      },
    )
    await trial.fails('client', 'http://10.0.0.161/', {
      en: 'The request times out',
      zh: '访问超时',
      path: {
        en: 'client → director (MAC of rs, addresses as they are) → rs ✗ not my address',
        zh: 'client → director (MAC 改为 RS，地址不变) → rs ✗ 不是本机地址',
      },
      why: {
        en:
          'The director only changes the MAC address: the packet arrives at the real server with the VIP as its ' +
          'destination. The server does not have that address and does not forward, so it drops the packet.',
        zh: 'director 只改 MAC 地址，报文到达 RS 时目的地址仍是 VIP；RS 没有这个地址，也不转发，于是丢弃。',
      },
    })
    await trial.holds(
      {
        en: 'The real server got the packet with both addresses unchanged, and said nothing',
        zh: 'RS 抓包：源地址 CIP、目的地址 VIP 都没有变，RS 没有应答',
      },
      async () => {
        await trial.packet(({ source, destination }) => source === '10.0.0.8' && destination === '10.0.0.161')
        const answers = (await trial.packets()).filter(({ flags }) => flags.includes('ACK'))
        assert.deepEqual(answers, [])
      },
    )
    await trial.step(
      {
        en: 'Give every real server the VIP, on lo',
        zh: '在每个 RS 的 lo 上添加 VIP',
        classic: 'ip addr add 10.0.0.161/32 dev lo',
      },
      async () => {
        for (const rs of servers) await (await trial.kernel(rs)).links.addAddress('lo', '10.0.0.161/32')
      },
    )
    await trial.holds(
      {
        en: 'Now the address is there three times, and the real servers answer ARP for it, too',
        zh: '同一地址出现三次，RS 也会应答对 VIP 的 ARP 请求',
        why: {
          en: 'Linux answers ARP for each of its addresses on every link (arp_ignore=0), whichever link holds it.',
          zh: 'arp_ignore=0 时，Linux 在任意网卡上应答本机的任意地址。',
        },
      },
      async () => {
        await forgetNeighbours()
        // Whoever answers first gets the connection: with luck the director, otherwise one server gets all of them.
        await trial.ask('client', 'http://10.0.0.161/', 1).catch(() => undefined)
        assert.deepEqual(await serversInArp(), servers)
      },
    )
    await trial.step(
      {
        en: 'Tell the servers to be silent, on lo (as it is often written)',
        zh: '按常见写法，在 lo 上设置 ARP 抑制',
        classic: ['sysctl net.ipv4.conf.lo.arp_ignore=1', 'sysctl net.ipv4.conf.lo.arp_announce=2'],
      },
      () => hide('lo'),
    )
    await trial.holds(
      {
        en: 'That is not enough: they still answer',
        zh: '这还不够：RS 仍然应答',
        why: {
          en:
            'The kernel takes the larger of the values of `all` and of the link on which the ARP request arrives: that ' +
            'is eth0, never lo.',
          zh: '内核取 all 与“收到 ARP 请求的网卡”两者的最大值；请求从 eth0 进来，与 lo 的设置无关。',
        },
      },
      async () => {
        await forgetNeighbours()
        await trial.ask('client', 'http://10.0.0.161/', 1).catch(() => undefined)
        assert.deepEqual(await serversInArp(), servers)
      },
    )
    await trial.step(
      {
        en: 'Tell them so for all links, and let the client ask anew',
        zh: '对所有网卡设置，并清除 client 的邻居表',
        classic: [
          'sysctl net.ipv4.conf.all.arp_ignore=1',
          'sysctl net.ipv4.conf.all.arp_announce=2',
          'ip neigh flush dev eth0    # on the client',
        ],
      },
      async () => {
        await hide('all')
        await forgetNeighbours()
      },
    )
    await trial.works('client', 'http://10.0.0.161/', {
      en: 'Both servers answer in turn; they see the client itself',
      zh: '两个 RS 轮流应答，看到的源地址就是 CIP',
      path: {
        en: 'client → director (MAC only) → rs (VIP on lo) ─from VIP→ client',
        zh: 'client → director (只改 MAC) → rs (lo 上有 VIP) ─源为 VIP→ client',
      },
      servers,
      client: '10.0.0.8',
    })
    await trial.holds(
      {
        en: 'No real server answered ARP for the VIP, so the client knows only the director for it',
        zh: '没有 RS 应答对 VIP 的 ARP 请求，client 只认识 director',
      },
      async () => assert.deepEqual(await serversInArp(), []),
    )
    await trial.holds(
      {
        en: 'Requests came from the director, answers went past it: other MAC addresses',
        zh: '请求来自 director，应答不经过它（三角模式）：两者的 MAC 地址不同',
      },
      async () => {
        const request = await trial.packet(({ flags }) => flags === 'SYN')
        const answer = await trial.packet(({ flags }) => flags === 'SYN,ACK')
        assert.equal(answer.source, '10.0.0.161')
        assert.notEqual(answer.destinationMac, request.sourceMac)
      },
    )
    await trial.step(
      {
        en: 'What if the VIP is the only address of the director?',
        zh: '如果 VIP 就是 director 唯一的地址，会怎样？',
        classic: [
          'ip addr del 10.0.0.160/24 dev eth0; ip addr del 10.0.0.161/32 dev eth0',
          'ip addr add 10.0.0.161/24 dev eth0',
          'ip neigh flush dev eth0',
        ],
      },
      async () => {
        await director.links.removeAddress('eth0', '10.0.0.160/24')
        await director.links.removeAddress('eth0', '10.0.0.161/32')
        await director.links.addAddress('eth0', '10.0.0.161/24')
        await trial.command('director', 'ip neigh flush dev eth0')
      },
    )
    await trial.fails('client', 'http://10.0.0.161/', {
      en: 'The director no longer finds its servers',
      zh: 'director 找不到 RS 了',
      path: {
        en: 'client → director ─ARP who has RIP? tell VIP→ rs ✗ from my own address',
        zh: 'client → director ─ARP：谁有 RIP？告诉 VIP→ rs ✗ 源地址是自己',
      },
      why: {
        en:
          'To send to a server the director asks for its MAC address, from the only address that it has: the VIP. The ' +
          'server owns that address too and drops the question, for it seems to come from itself. It works only as long ' +
          'as the answer is remembered from before; so keep the DIP apart from the VIP.',
        zh:
          'director 用唯一的地址（VIP）发 ARP 请求查询 RS 的 MAC；RS 的 lo 上也有这个地址，认为源地址是自己，于是丢弃。' +
          '只有在邻居表还有旧记录时才会通，所以 DIP 应与 VIP 分开。',
      },
    })
    await trial.holds(
      {
        en: 'It asked, and no server answered',
        zh: '抓包：director 发出了 ARP 请求，RS 没有应答',
      },
      async () => {
        await trial.packet(({ flags, source }) => flags === 'request' && source === '10.0.0.161')
        const replies = (await trial.packets()).filter(({ flags }) => flags === 'reply')
        assert.deepEqual(replies, [])
      },
    )

    /** The servers that answered ARP for the VIP since the last request that was a claim. */
    async function serversInArp(): Promise<string[]> {
      const replies = (await trial.packets()).filter(
        ({ protocol, flags, source }) => protocol === 'arp' && flags === 'reply' && source === '10.0.0.161',
      )
      return servers.filter((rs) => replies.some(({ at }) => at === `${rs}:eth0`))
    }

    async function hide(link: string): Promise<void> {
      for (const rs of servers) {
        const { sysctls } = await trial.kernel(rs)
        await sysctls.set(`net.ipv4.conf.${link}.arp_ignore`, 1)
        await sysctls.set(`net.ipv4.conf.${link}.arp_announce`, 2)
      }
    }
  },
})
