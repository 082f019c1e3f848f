/** What FULLNAT does elsewhere, with what IPVS has: DNAT by IPVS, SNAT by conntrack; and where that ends. */
import assert from 'node:assert/strict'
import { defineExperiment } from 'ipvs-director'

const service = { protocol: 'udp', address: '10.1.0.100', port: 53 } as const
const url = 'udp://10.1.0.100:53'

export default defineExperiment({
  name: 'full-nat',
  seed: '000',
  title: {
    en: 'Like FULLNAT: both addresses rewritten, and the limits of that',
    zh: '类似 FULLNAT：来回都做 NAT，以及它的限制',
  },
  topology: {
    namespaces: {
      client: { addresses: { eth0: ['10.1.0.2/24'] } },
      director: {
        bridges: { servers: ['rs1', 'rs2'] },
        addresses: { client: ['10.1.0.1/24', '10.1.0.100/32'], servers: ['10.2.0.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
      // No default route: a real server knows its own subnet, and nothing of clients.
      rs1: { addresses: { eth0: ['10.2.0.11/24'] }, backends: [{ protocol: 'udp', port: 53 }] },
      rs2: { addresses: { eth0: ['10.2.0.12/24'] }, backends: [{ protocol: 'udp', port: 53 }] },
    },
    wires: [
      ['director:client', 'client:eth0'],
      ['director:rs1', 'rs1:eth0'],
      ['director:rs2', 'rs2:eth0'],
    ],
  },
  roles: {
    '10.1.0.2': 'CIP',
    '10.1.0.100': 'VIP',
    '10.2.0.1': 'DIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
  },
  record: ['rs1', 'rs2'],

  async run(trial) {
    const director = await trial.kernel('director')
    const rule = 'POSTROUTING -m ipvs --vaddr 10.1.0.100 --vport 53 -p udp -j SNAT --to-source 10.2.0.1'

    await trial.step(
      {
        en: "Create the service; its client is on none of the servers' networks",
        zh: '创建服务；client 与 RS 不在同一网络，RS 也没有默认路由',
        classic: [
          'ipvsadm -A -u 10.1.0.100:53 -s rr',
          'ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.11:53 -m',
          'ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.12:53 -m',
        ],
      },
      async () => {
        await director.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.2.0.11', '10.2.0.12'])
          await director.ipvs.addServer(service, { address, port: 53, forwarding: 'masquerade' })
      },
    )
    await trial.fails('client', url, {
      en: 'No answer: the server has no way to the client',
      zh: '没有应答：RS 没有到 client 的路由',
      path: {
        en: 'client → director (DNAT) → rs ✗ no route to 10.1.0.2',
        zh: 'client → director (DNAT) → rs ✗ 没有路由到 10.1.0.2',
      },
      why: {
        en:
          'IPVS has three ways of forwarding and none of them changes the source. The server sees the address of the ' +
          'client, to which it has no route.',
        zh: 'IPVS 只有 NAT、DR、TUN 三种转发方式，都不改源地址。RS 看到的是 CIP，而它没有到 CIP 的路由。',
      },
    })
    await trial.step(
      {
        en: 'Let conntrack rewrite the source of what IPVS forwards',
        zh: '让 conntrack 对 IPVS 转发的报文做 SNAT',
        classic: ['sysctl net.ipv4.vs.conntrack=1', `iptables -t nat -A ${rule}`],
      },
      async () => {
        await director.sysctls.set('net.ipv4.vs.conntrack', 1)
        await trial.command('director', `iptables -t nat -A ${rule}`)
      },
    )
    await trial.works('client', url, {
      en: 'Both servers answer, without any route of theirs',
      zh: '两个 RS 都应答，RS 上无需任何路由',
      path: {
        en: 'client → director (IPVS: VIP → RIP; conntrack: CIP → DIP) → rs → director (both undone) → client',
        zh: 'client → director (IPVS: VIP → RIP; conntrack: CIP → DIP) → rs → director (两者还原) → client',
      },
      servers: ['rs1', 'rs2'],
      client: '10.2.0.1',
    })
    await trial.holds(
      {
        en: 'Limit 1: the client is gone; a server sees the director whoever asks',
        zh: '限制一：客户端地址丢失，RS 只看得到 DIP（没有 FULLNAT 的 TOA）',
      },
      async () => {
        const seen = (await trial.packets()).filter(({ destinationPort }) => destinationPort === 53)
        assert.deepEqual([...new Set(seen.map(({ source }) => source))], ['10.2.0.1'])
      },
    )
    await trial.holds(
      {
        en: 'Limit 2: every flow is kept twice, by IPVS and by conntrack',
        zh: '限制二：每个流在 IPVS 连接表和 conntrack 中各占一项',
      },
      async () => {
        const flows = await director.conntrack.flows({ protocol: 'udp' }).toArray()
        const ports = (await director.ipvs.connections()).map(({ client }) => client.port)
        assert.equal(flows.length, 4)
        for (const { original } of flows) assert.ok(ports.includes(original.sourcePort ?? 0))
      },
    )
    await trial.step(
      {
        en: 'Leave the director two ports only, and start anew',
        zh: '只给 director 留两个端口，清空后重来',
        classic: ['iptables -t nat -F POSTROUTING', `iptables -t nat -A ${rule}:40000-40001`, 'conntrack -F'],
      },
      async () => {
        await trial.command('director', 'iptables -t nat -F POSTROUTING')
        await trial.command('director', `iptables -t nat -A ${rule}:40000-40001`)
        await director.conntrack.flush()
      },
    )
    await trial.works('client', url, {
      en: 'Two ports, two servers: four flows find a place',
      zh: '两个端口、两个 RS：可以容纳四个流',
      servers: ['rs1', 'rs2'],
      client: '10.2.0.1',
      requests: 4,
    })
    await trial.fails('client', url, {
      en: 'Limit 3: the fifth does not; ports of the director run out',
      zh: '限制三：第五个流失败，director 的端口用尽',
      path: {
        en: 'client → director (DNAT; no port left for SNAT) ✗',
        zh: 'client → director (DNAT; SNAT 没有空闲端口) ✗',
      },
      why: {
        en:
          'All flows to one server and port come from one address, so that only the source port tells them apart: some ' +
          '64000 a server at most, here 2. When none is free, conntrack drops the packet. More addresses on the director ' +
          'give more ports.',
        zh:
          '到同一 RS 同一端口的流都来自同一地址，只能靠源端口区分：每个 RS 最多约 64000 个，这里只有 2 个。' +
          '没有空闲端口时 conntrack 丢弃报文。给 director 增加地址即可增加端口。',
      },
    })
  },
})
