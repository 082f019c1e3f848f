/** The VIP on the link of a host that is director, client and real server at once. */
import assert from 'node:assert/strict'
import { defineExperiment, formatTable, hostPair } from 'ipvs-director'

const service = { protocol: 'tcp', address: '169.254.1.100', port: 80 } as const
const url = 'http://169.254.1.100/'

export default defineExperiment({
  name: 'host-address',
  seed: '002',
  title: {
    en: 'Experiment 1: the VIP on a host’s own link; IPVS changes the destination, iptables the source',
    zh: '实验 1：VIP 配在 Host 的网卡上，IPVS 做 DNAT，iptables 做 SNAT',
  },
  topology: hostPair(),
  roles: { '169.254.1.100': 'VIP', '10.130.17.30': 'DIP and RIP', '10.130.17.31': 'RIP' },
  record: ['host1'],

  async run(trial) {
    const host0 = await trial.kernel('host0')
    const host1 = await trial.kernel('host1')
    const masquerade = 'iptables -t nat -A POSTROUTING -m ipvs --vaddr 169.254.1.100 --vport 80 -j MASQUERADE'
    const half = {
      en:
        'host0 holds the VIP, so its own requests to the VIP have the VIP as their source, too. IPVS leaves that as it ' +
        'is. host1 holds the VIP as well, and drops a packet from outside that claims to come from itself. Only host0, ' +
        'as its own real server, can answer.',
      zh:
        'VIP 是 host0 的本机地址，访问 VIP 时源地址也选用 VIP，IPVS 不改源地址。host1 同样持有 VIP，' +
        '收到“从外面来、源地址却是自己”的报文直接丢弃；只有 host0 自己作为后端能应答。',
    }

    await trial.works('host0', 'http://10.130.17.31:8888/', {
      en: 'The hosts reach each other’s server directly',
      zh: '两个 Host 可以直接访问对方的后端',
      servers: ['host1'],
      client: '10.130.17.30',
    })
    await trial.step(
      {
        en: 'Give both hosts the VIP, on their own link',
        zh: '在两个 Host 的真实网卡上添加 VIP',
        classic: 'ip address add 169.254.1.100/32 dev eth0    # on both',
      },
      async () => {
        for (const { links } of [host0, host1]) await links.addAddress('eth0', '169.254.1.100/32')
      },
    )
    await trial.fails('host0', url, {
      en: 'Without a service the host refuses the connection to its own address',
      zh: '还没有虚拟服务时，Host 拒绝访问自己地址的连接',
      path: 'host0 → host0 ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en: 'The VIP is an ordinary address of the host, and nothing listens on its port 80.',
        zh: 'VIP 只是本机的普通地址，80 端口没有进程监听。',
      },
    })
    await trial.step(
      {
        en: 'Create the service on host0, with both hosts as servers',
        zh: '在 host0 上创建虚拟服务，两个 Host 都是后端',
        classic: [
          'ipvsadm --add-service --tcp-service 169.254.1.100:80 --scheduler rr',
          'ipvsadm --add-server --tcp-service 169.254.1.100:80 --real-server 10.130.17.30:8888 --masquerading',
          'ipvsadm --add-server --tcp-service 169.254.1.100:80 --real-server 10.130.17.31:8888 --masquerading',
        ],
      },
      async () => {
        await host0.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.130.17.30', '10.130.17.31'])
          await host0.ipvs.addServer(service, { address, port: 8888, forwarding: 'masquerade' })
      },
    )
    trial.show({ en: 'ipvsadm -ln:', zh: 'ipvsadm -ln：' }, formatTable(await host0.ipvs.snapshot()))
    await everySecondFails({
      en: 'Every second request times out: only the host itself answers',
      zh: '一半请求超时：只有 host0 自己能应答',
    })
    await trial.step(
      {
        en: 'Masquerade what belongs to the service',
        zh: '对该服务的流量做 MASQUERADE',
        classic: masquerade,
      },
      () => trial.command('host0', masquerade),
    )
    await everySecondFails({
      en: 'The rule alone changes nothing: conntrack knows nothing of the packets of IPVS',
      zh: '只有规则还不行：conntrack 看不到 IPVS 的报文',
    })
    await trial.step(
      {
        en: 'Let IPVS keep its connections in conntrack',
        zh: '让 IPVS 的连接进入 conntrack',
        classic: 'sysctl -w net.ipv4.vs.conntrack=1',
      },
      () => host0.sysctls.set('net.ipv4.vs.conntrack', 1),
    )
    await trial.works('host0', url, {
      en: 'Both hosts answer in turn',
      zh: '两个 Host 轮流应答',
      path: {
        en: 'host0: OUTPUT, IPVS (DNAT) → POSTROUTING (SNAT) → host0 | host1 → host0 (both undone)',
        zh: 'host0: OUTPUT, IPVS (DNAT) → POSTROUTING (SNAT) → host0 | host1 → host0 (两者还原)',
      },
      servers: ['host0', 'host1'],
      client: '10.130.17.30',
    })
    await trial.fails('host1', url, {
      en: 'The other host holds the VIP, and has no service: it asks itself, and refuses',
      zh: 'host1 也持有 VIP，但没有虚拟服务：访问的是自己，被拒绝',
      path: 'host1 → host1 ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en:
          'An address of the host itself is never looked for on the network. A service has to be on every host that ' +
          'holds its address; that is why kube-proxy runs on each node.',
        zh: '本机地址不会到网络上寻找。凡是持有 VIP 的节点都要有虚拟服务，所以 kube-proxy 在每个节点上运行。',
      },
    })

    /** Whichever turn it is: of two requests one is answered, by host0, and one never. */
    function everySecondFails(text: { en: string; zh: string }): Promise<void> {
      return trial.holds({ ...text, why: half }, async () => {
        const answers = await Promise.allSettled([1, 2].map(() => trial.ask('host0', url, 1)))
        const said = answers.map((answer) =>
          answer.status === 'fulfilled' ? answer.value.server : 'nothing',
        )
        assert.deepEqual(said.sort(), ['host0', 'nothing'])
      })
    }
  },
})
