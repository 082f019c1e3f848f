/** A server that is its own client, by way of the service. */
import { containerNetwork, defineExperiment } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.100.100.100', port: 8080 } as const
const url = 'http://10.100.100.100:8080/'

export default defineExperiment({
  name: 'hairpin',
  seed: '001',
  title: {
    en: 'A server reaches itself through the service: hairpin, promiscuous mode, conntrack',
    zh: '后端通过虚拟服务访问自己：hairpin、混杂模式与 conntrack',
  },
  topology: containerNetwork({
    bridge: 'bridge_home',
    containers: { dustin: '10.0.0.11', leah: '10.0.0.21' },
  }),
  roles: { '10.100.100.100': 'VIP', '10.0.0.11': 'RIP and CIP' },
  record: ['dustin'],

  async run(trial) {
    const host = await trial.kernel('host')
    const masquerade = 'iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -j MASQUERADE'

    await trial.step(
      {
        en: 'A dummy link with the VIP, the service with one server, bridged frames through iptables',
        zh: 'dummy 网卡持有 VIP，创建服务（后端 dustin），开启 bridge-nf-call-iptables',
        classic: [
          'ip link add dustin-ipvs0 type dummy; ip addr add 10.100.100.100/32 dev dustin-ipvs0',
          'ipvsadm -A -t 10.100.100.100:8080 -s rr',
          'ipvsadm -a -t 10.100.100.100:8080 -r 10.0.0.11:8080 -m',
          'modprobe br_netfilter; sysctl net.bridge.bridge-nf-call-iptables=1',
        ],
      },
      async () => {
        await host.links.createDummy('dustin-ipvs0')
        await host.links.addAddress('dustin-ipvs0', '10.100.100.100/32')
        await host.ipvs.addService({ ...service, scheduler: 'rr' })
        await host.ipvs.addServer(service, { address: '10.0.0.11', port: 8080, forwarding: 'masquerade' })
        await trial.command('host', 'modprobe br_netfilter').catch(() => undefined)
        await host.sysctls.set('net.bridge.bridge-nf-call-iptables', 1)
      },
    )
    await trial.step(
      {
        en: 'Masquerade everything from the subnet of the namespaces',
        zh: '对命名空间网段的流量做 MASQUERADE',
        classic: masquerade,
      },
      () => trial.command('host', masquerade),
    )
    const mirror = {
      en:
        'IPVS sends the request back to where it came from: its source and its destination are now both dustin. dustin ' +
        'drops a packet from outside that claims to come from itself. The rule would change the source, but while ' +
        'net.ipv4.vs.conntrack is 0 the table nat does not see the packets of IPVS.',
      zh:
        'IPVS 把请求又转回 dustin：源地址和目的地址都是 dustin 自己，dustin 丢弃“从外面来、源地址却是自己”的报文。' +
        'MASQUERADE 本可改掉源地址，但 net.ipv4.vs.conntrack=0 时 nat 表看不到 IPVS 的报文。',
    }
    await trial.fails('dustin', url, {
      en: 'dustin does not reach itself',
      zh: 'dustin 访问自己超时',
      path: {
        en: 'dustin → host: IPVS (DNAT) → dustin ✗ from my own address',
        zh: 'dustin → host: IPVS (DNAT) → dustin ✗ 源地址是自己',
      },
      why: mirror,
    })
    await trial.step(
      {
        en: 'Let the port send frames back where they came from (hairpin mode)',
        zh: '在网桥端口上开启 hairpin 模式',
        classic: 'brctl hairpin bridge_home veth_dustin on',
      },
      () => trial.command('host', 'bridge link set dev veth_dustin hairpin on'),
    )
    await trial.fails('dustin', url, {
      en: 'Hairpin mode alone does not help',
      zh: '仅开启 hairpin 模式没有用',
      path: {
        en: 'dustin → host: IPVS (DNAT) → dustin ✗ from my own address',
        zh: 'dustin → host: IPVS (DNAT) → dustin ✗ 源地址是自己',
      },
      why: mirror,
    })
    await trial.step(
      {
        en: 'Let IPVS keep its connections in conntrack, so that the rule sees them',
        zh: '让 IPVS 的连接进入 conntrack，nat 规则才会生效',
        classic: 'sysctl net.ipv4.vs.conntrack=1',
      },
      () => host.sysctls.set('net.ipv4.vs.conntrack', 1),
    )
    await trial.works('dustin', url, {
      en: 'Now dustin reaches itself, and takes the host for its client',
      zh: 'dustin 可以访问自己了，看到的源地址是网桥地址',
      path: {
        en: 'dustin → host (DNAT to dustin, SNAT to bridge_home) → dustin → host (both undone) → dustin',
        zh: 'dustin → host (DNAT 到 dustin，SNAT 到 bridge_home) → dustin → host (两者还原) → dustin',
      },
      servers: ['dustin'],
      client: '10.0.0.1',
    })
    await trial.step(
      {
        en: 'Instead of hairpin mode on each port: make the bridge promiscuous',
        zh: '不逐个端口开启 hairpin，改为开启网桥的混杂模式',
        classic: ['ip link set bridge_home promisc on', 'brctl hairpin bridge_home veth_dustin off'],
      },
      async () => {
        await trial.command('host', 'ip link set bridge_home promisc on')
        await trial.command('host', 'bridge link set dev veth_dustin hairpin off')
      },
    )
    await trial.works('dustin', url, {
      en: 'It works as well',
      zh: '同样成功',
      servers: ['dustin'],
      client: '10.0.0.1',
    })
    await trial.step(
      {
        en: 'And with neither of them?',
        zh: '两者都关闭呢？',
        classic: 'ip link set bridge_home promisc off',
      },
      () => trial.command('host', 'ip link set bridge_home promisc off'),
    )
    await trial.fails('dustin', url, {
      en: 'It fails: the answer of dustin does not find its way back',
      zh: '失败：dustin 的应答回不来',
      path: {
        en: 'dustin → host (DNAT, SNAT) → dustin ─SYN,ACK→ bridge_home (SNAT undone: for dustin) ✗ same port',
        zh: 'dustin → host (DNAT, SNAT) → dustin ─SYN,ACK→ bridge_home (SNAT 还原：目的是 dustin) ✗ 同一端口',
      },
      why: {
        en:
          'The answer enters the bridge, and with bridge-nf-call-iptables conntrack undoes the SNAT right there: the ' +
          'destination is dustin now, and the frame would have to leave by the port that it came in by. A bridge does ' +
          'that in hairpin mode only; a promiscuous one hands the frame to the host as well, which routes it.',
        zh:
          '应答进入网桥时，bridge-nf-call-iptables 让 conntrack 就地还原 SNAT：目的地址变回 dustin，帧要从进来的端口再出去。' +
          '只有 hairpin 模式允许这样做；混杂模式则把帧也交给 host，由 host 路由回去。',
      },
    })
  },
})
