/** A service on a container host: what it takes until a container, too, can reach it. */
import { containerNetwork, defineExperiment } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.100.100.100', port: 8080 } as const
const url = 'http://10.100.100.100:8080/'

export default defineExperiment({
  name: 'bridge-service',
  seed: '001',
  title: {
    en: 'A bridge and two namespaces: a service that namespaces can reach',
    zh: '网桥与两个网络命名空间：从命名空间访问虚拟服务',
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
        en: 'Leave bridged frames to the bridge: iptables is not to see them',
        zh: '桥接的报文先不经过 iptables',
        classic: ['modprobe br_netfilter', 'sysctl net.bridge.bridge-nf-call-iptables=0'],
      },
      async () => {
        // Where the kernel has it built in there is no module; the setting is there in both cases.
        await trial.command('host', 'modprobe br_netfilter').catch(() => undefined)
        await host.sysctls.set('net.bridge.bridge-nf-call-iptables', 0)
      },
    )
    await trial.works('leah', 'http://10.0.0.11:8080/', {
      en: 'The namespaces reach each other over the bridge',
      zh: '命名空间之间可以经网桥互通',
      path: 'leah → bridge_home → dustin',
      servers: ['dustin'],
      client: '10.0.0.21',
    })
    await trial.step(
      {
        en: 'Create the service, with one server: dustin',
        zh: '创建虚拟服务，加入后端 dustin',
        classic: [
          'ipvsadm -A -t 10.100.100.100:8080 -s rr',
          'ipvsadm -a -t 10.100.100.100:8080 -r 10.0.0.11:8080 -m',
        ],
      },
      async () => {
        await host.ipvs.addService({ ...service, scheduler: 'rr' })
        await host.ipvs.addServer(service, { address: '10.0.0.11', port: 8080, forwarding: 'masquerade' })
      },
    )
    await trial.works('host', url, {
      en: 'From the host it works',
      zh: '从 host 访问成功',
      path: 'host: OUTPUT, IPVS (DNAT) → bridge_home → dustin → host',
      servers: ['dustin'],
      client: '192.168.50.10',
    })
    await trial.fails('leah', url, {
      en: 'From a namespace it times out',
      zh: '从命名空间访问超时',
      path: {
        en: 'leah → host: no such address of mine, FORWARD → default route ✗',
        zh: 'leah → host: 不是本机地址，FORWARD → 默认路由 ✗',
      },
      why: {
        en:
          'IPVS looks at packets that the host sends itself (LOCAL_OUT) and at those that are for the host (LOCAL_IN). ' +
          'No link of the host has the VIP, so the packet of the namespace is not for the host: it is forwarded to the ' +
          'default gateway, past IPVS.',
        zh:
          'IPVS 只处理本机发出的（LOCAL_OUT）和发给本机的（LOCAL_IN）报文。host 没有任何网卡持有 VIP，' +
          '命名空间来的报文不是发给本机的，于是走 FORWARD 发往默认网关，绕过了 IPVS。',
      },
    })
    await trial.step(
      {
        en: 'Make a dummy link, and give it the VIP',
        zh: '创建 dummy 网卡并添加 VIP',
        classic: ['ip link add dustin-ipvs0 type dummy', 'ip addr add 10.100.100.100/32 dev dustin-ipvs0'],
      },
      async () => {
        await host.links.createDummy('dustin-ipvs0')
        await host.links.addAddress('dustin-ipvs0', '10.100.100.100/32')
      },
    )
    await trial.fails('leah', url, {
      en: 'It still times out, but now dustin gets the request, and answers leah past the host',
      zh: '仍然超时：但 dustin 收到了请求，回包绕过了 host',
      path: {
        en: 'leah → host: LOCAL_IN, IPVS (DNAT) → dustin ─from RIP, over the bridge→ leah ✗ RST',
        zh: 'leah → host: LOCAL_IN, IPVS (DNAT) → dustin ─源为 RIP，经网桥→ leah ✗ RST',
      },
      why: {
        en:
          'Now the packet is for the host and IPVS takes it. dustin sees leah as its client, in its own subnet, and ' +
          'answers over the bridge. A bridge works on frames: neither IPVS nor conntrack sees the answer, nobody turns ' +
          'its source back into the VIP, and leah resets it.',
        zh:
          '报文现在是发给本机的，IPVS 做了 DNAT。dustin 看到同子网的 leah，直接经网桥二层回包；' +
          '网桥不调用 IPVS 和 conntrack，没人把源地址改回 VIP，leah 回 RST。',
      },
    })
    await trial.step(
      {
        en: 'Let bridged frames pass the hooks of IP, and so IPVS',
        zh: '让桥接的报文也经过三层的钩子（iptables、IPVS）',
        classic: 'sysctl net.bridge.bridge-nf-call-iptables=1',
      },
      () => host.sysctls.set('net.bridge.bridge-nf-call-iptables', 1),
    )
    await trial.works('leah', url, {
      en: 'From the namespace it works',
      zh: '从命名空间访问成功',
      path: {
        en: 'leah → host: IPVS (DNAT) → dustin → bridge_home: FORWARD, IPVS (source back to VIP) → leah',
        zh: 'leah → host: IPVS (DNAT) → dustin → bridge_home: FORWARD, IPVS (源改回 VIP) → leah',
      },
      servers: ['dustin'],
      client: '10.0.0.21',
    })
    await trial.works('host', url, {
      en: 'and from the host as before, which now uses the VIP as its own address, too',
      zh: '从 host 访问依然成功；VIP 成了本机地址，源地址也选用 VIP',
      servers: ['dustin'],
      client: '10.100.100.100',
    })
  },
})
