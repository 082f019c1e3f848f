/** NAT in one subnet: IPVS rewrites the destination only, and the real server answers past the director. */
import assert from 'node:assert/strict'
import { defineExperiment, flatNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.254.0.1', port: 8080 } as const

export default defineExperiment({
  name: 'nat-wrong-source',
  seed: '000',
  title: {
    en: 'NAT: the answer comes from the wrong address',
    zh: 'NAT 模式：回包的源地址不对，访问超时',
  },
  topology: flatNetwork(),
  roles: {
    '10.0.0.8': 'CIP',
    '10.0.0.161': 'DIP',
    '10.254.0.1': 'VIP',
    '10.0.0.42': 'RIP',
    '10.0.0.78': 'RIP',
  },
  record: ['rs1', 'rs2'],

  async run(trial) {
    const director = await trial.kernel('director')

    await trial.step(
      {
        en: 'Give the director a virtual address',
        zh: '给 director 添加虚拟地址（VIP）',
        classic: 'ip addr add 10.254.0.1/24 dev eth0',
      },
      () => director.links.addAddress('eth0', '10.254.0.1/24'),
    )
    await trial.step(
      {
        en: 'Show the client the way to it',
        zh: '在 client 上添加到 VIP 的静态路由',
        classic: 'ip route add 10.254.0.1 via 10.0.0.161 dev eth0',
      },
      () => trial.namespace('client').addRoute({ to: '10.254.0.1/32', via: '10.0.0.161' }),
    )
    await trial.step(
      {
        en: 'Create the service, round robin, with two masqueraded servers',
        zh: '创建轮询（rr）服务，以 NAT 方式加入两个 RS',
        classic: [
          'ipvsadm -A -t 10.254.0.1:8080 -s rr',
          'ipvsadm -a -t 10.254.0.1:8080 -r 10.0.0.42:80 -m',
          'ipvsadm -a -t 10.254.0.1:8080 -r 10.0.0.78:80 -m',
        ],
      },
      async () => {
        await director.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.0.0.42', '10.0.0.78'])
          await director.ipvs.addServer(service, { address, port: 80, forwarding: 'masquerade' })
      },
    )
    await trial.holds(
      {
        en: 'Nothing listens on the director: IPVS takes packets in the kernel, without a socket',
        zh: 'director 上没有监听 socket：IPVS 在内核中直接处理报文',
      },
      async () => assert.equal((await trial.namespace('director').run(['ss', '-Hlnt'])).stdout, ''),
    )
    await trial.fails('client', 'http://10.254.0.1:8080/', {
      en: 'A request to the virtual address times out',
      zh: '访问 VIP 超时',
      path: {
        en: 'client ─SYN→ director (DNAT: VIP → RIP) ─→ rs ─SYN,ACK from RIP→ client ✗ RST',
        zh: 'client ─SYN→ director (DNAT: VIP → RIP) ─→ rs ─SYN,ACK 源为 RIP→ client ✗ RST',
      },
      why: {
        en:
          'IPVS in NAT mode changes the destination and leaves the source alone. The real server and the client share ' +
          'a subnet, so the answer goes straight to the client, from the RIP. The client opened a connection to the ' +
          'VIP, knows none to the RIP, and resets it.',
        zh:
          'NAT 模式的 IPVS 只改目的地址（DNAT），不改源地址。RS 与 client 同在一个子网，回包不经过 director，' +
          '源地址是 RIP；client 连接的是 VIP，没有与 RIP 的连接，于是回 RST 丢弃。',
      },
    })
    await trial.holds(
      {
        en: 'The real server saw the client as the source, answered it directly, and was reset',
        zh: 'RS 抓包：源地址是 CIP，RS 直接回包，随后收到 RST',
      },
      async () => {
        const syn = await trial.packet(({ flags, source }) => flags === 'SYN' && source === '10.0.0.8')
        await trial.packet(({ flags, destination }) => flags === 'SYN,ACK' && destination === '10.0.0.8')
        await trial.packet(({ flags, destination }) => flags === 'RST' && destination === syn.destination)
      },
    )
  },
})
