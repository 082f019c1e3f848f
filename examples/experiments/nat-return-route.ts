/** NAT in one subnet, made to work by routes: answers have to come back through the director. */
import assert from 'node:assert/strict'
import { defineExperiment, flatNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.254.0.1', port: 8080 } as const

export default defineExperiment({
  name: 'nat-return-route',
  seed: '000',
  title: {
    en: 'NAT: routes that lead the answers back through the director',
    zh: 'NAT 模式：在 RS 上加路由，让回包经过 director',
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
        en: 'VIP, route to it, and the service with two servers',
        zh: '添加 VIP、路由，创建服务并加入两个 RS',
        classic: [
          'ip addr add 10.254.0.1/24 dev eth0; ip route add 10.254.0.1 via 10.0.0.161',
          'ipvsadm -A -t 10.254.0.1:8080 -s rr',
          'ipvsadm -a -t 10.254.0.1:8080 -r 10.0.0.42:80 -m',
          'ipvsadm -a -t 10.254.0.1:8080 -r 10.0.0.78:80 -m',
        ],
      },
      async () => {
        await director.links.addAddress('eth0', '10.254.0.1/24')
        await trial.namespace('client').addRoute({ to: '10.254.0.1/32', via: '10.0.0.161' })
        await director.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.0.0.42', '10.0.0.78'])
          await director.ipvs.addServer(service, { address, port: 80, forwarding: 'masquerade' })
      },
    )
    await trial.step(
      {
        en: 'Keep the director from advising a shorter way (ICMP redirect)',
        zh: '禁止 director 发送 ICMP 重定向',
        classic: 'sysctl net.ipv4.conf.{all,eth0}.send_redirects=0',
      },
      async () => {
        await director.sysctls.set('net.ipv4.conf.all.send_redirects', 0)
        await director.sysctls.set('net.ipv4.conf.eth0.send_redirects', 0)
      },
    )
    await trial.step(
      {
        en: 'Send what the servers answer this client through the director',
        zh: '在每个 RS 上添加到 client 的路由，下一跳为 director',
        classic: 'ip route add 10.0.0.8 via 10.0.0.161 dev eth0',
      },
      async () => {
        for (const rs of ['rs1', 'rs2'])
          await trial.namespace(rs).addRoute({ to: '10.0.0.8/32', via: '10.0.0.161', link: 'eth0' })
      },
    )
    await trial.works('client', 'http://10.254.0.1:8080/', {
      en: 'Both servers answer in turn, and know the client by its own address',
      zh: '两个 RS 轮流应答，看到的源地址就是 CIP',
      path: {
        en: 'client → director (DNAT) → rs → director (source back to VIP) → client',
        zh: 'client → director (DNAT) → rs → director (源改回 VIP) → client',
      },
      servers: ['rs1', 'rs2'],
      client: '10.0.0.8',
    })
    await trial.holds(
      {
        en: 'The answer went to the MAC address that the request came from: the director sees both directions',
        zh: '应答发往请求来时的 MAC 地址：来回都经过 director（双臂模式）',
      },
      async () => {
        const request = await trial.packet(({ flags }) => flags === 'SYN')
        const answer = await trial.packet(({ flags }) => flags === 'SYN,ACK')
        assert.equal(answer.destinationMac, request.sourceMac)
      },
    )
    await trial.step(
      {
        en: 'For any client: make the director the default gateway of the servers',
        zh: '客户端不固定时：把 RS 的默认路由指向 director',
        classic: ['ip route del 10.0.0.8', 'ip route add default via 10.0.0.161'],
      },
      async () => {
        for (const rs of ['rs1', 'rs2']) {
          await trial.namespace(rs).ip(['route del 10.0.0.8'])
          await trial.namespace(rs).addRoute({ to: 'default', via: '10.0.0.161' })
        }
      },
    )
    await trial.fails('client', 'http://10.254.0.1:8080/', {
      en: "This client, in the servers' own subnet, is not helped by a default route",
      zh: '与 RS 同子网的 client 不走默认路由，仍然超时',
      path: {
        en: 'client → director (DNAT) → rs ─SYN,ACK from RIP→ client ✗ RST',
        zh: 'client → director (DNAT) → rs ─SYN,ACK 源为 RIP→ client ✗ RST',
      },
      why: {
        en:
          'The route of the subnet is more precise than the default route: 10.0.0.0/24 is on the link, so the answer ' +
          'to 10.0.0.8 goes there directly. A default gateway serves clients of other subnets.',
        zh: '直连子网路由 10.0.0.0/24 比默认路由更精确，发往 10.0.0.8 的回包直接走二层；默认网关只对其他子网的客户端有效。',
      },
    })
    await trial.step(
      {
        en: 'Give the client an address of another subnet',
        zh: '给 client 换一个其他子网的地址',
        classic: [
          'ip addr add 10.9.0.8/32 dev lo; ip route replace 10.254.0.1 via 10.0.0.161 src 10.9.0.8',
          'ip route add 10.9.0.8 via 10.0.0.8    # on the director',
        ],
      },
      async () => {
        await trial
          .namespace('client')
          .ip(['address add 10.9.0.8/32 dev lo', 'route replace 10.254.0.1 via 10.0.0.161 src 10.9.0.8'])
        await trial.namespace('director').addRoute({ to: '10.9.0.8/32', via: '10.0.0.8' })
      },
    )
    await trial.works('client', 'http://10.254.0.1:8080/', {
      en: 'Now the default gateway does it',
      zh: '此时默认网关生效',
      path: {
        en: 'client (10.9.0.8) → director (DNAT) → rs → default gateway = director → client',
        zh: 'client (10.9.0.8) → director (DNAT) → rs → 默认网关 = director → client',
      },
      servers: ['rs1', 'rs2'],
      client: '10.9.0.8',
    })
  },
})
