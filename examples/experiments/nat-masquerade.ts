/** NAT in one subnet, made to work by masquerading: why the rule alone does nothing. */
import assert from 'node:assert/strict'
import { defineExperiment, flatNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.254.0.1', port: 8080 } as const
const ofTheService = '-m ipvs --vaddr 10.254.0.1 --vport 8080'

export default defineExperiment({
  name: 'nat-masquerade',
  seed: '000',
  title: {
    en: 'NAT: MASQUERADE needs net.ipv4.vs.conntrack',
    zh: 'NAT 模式：MASQUERADE 需要 net.ipv4.vs.conntrack=1',
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
        en: 'Give the director the VIP, and the client a route to it',
        zh: '给 director 添加 VIP，给 client 添加路由',
        classic: ['ip addr add 10.254.0.1/24 dev eth0', 'ip route add 10.254.0.1 via 10.0.0.161'],
      },
      async () => {
        await director.links.addAddress('eth0', '10.254.0.1/24')
        await trial.namespace('client').addRoute({ to: '10.254.0.1/32', via: '10.0.0.161' })
      },
    )
    await trial.step(
      {
        en: 'Create the service with two masqueraded servers',
        zh: '创建 rr 服务，以 NAT 方式加入两个 RS',
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
    const masquerade = `iptables -t nat -A POSTROUTING ${ofTheService} -j MASQUERADE`
    await trial.step(
      {
        en: 'Masquerade what IPVS sends to the servers',
        zh: '对 IPVS 转发的报文做 SNAT（MASQUERADE）',
        classic: masquerade,
      },
      () => trial.command('director', masquerade),
    )
    const count = `iptables -t mangle -A POSTROUTING ${ofTheService}`
    await trial.step(
      {
        en: 'Count the same packets in the table mangle, too',
        zh: '在 mangle 表中也统计同样的报文',
        classic: count,
      },
      () => trial.command('director', count),
    )
    await trial.fails('client', 'http://10.254.0.1:8080/', {
      en: 'The request still times out',
      zh: '服务依然不通',
      path: {
        en: 'client ─SYN→ director (DNAT; nat table not asked) ─→ rs ─SYN,ACK from RIP→ client ✗ RST',
        zh: 'client ─SYN→ director (DNAT; 不经过 nat 表) ─→ rs ─SYN,ACK 源为 RIP→ client ✗ RST',
      },
      why: {
        en:
          'Rules of the table nat are asked for the first packet of a connection that conntrack follows. IPVS has its ' +
          'own connection table and, while net.ipv4.vs.conntrack is 0, takes its packets out of conntrack: the rule ' +
          'never sees them, and the source stays the client.',
        zh:
          'nat 表只对 conntrack 跟踪的连接的首包生效。IPVS 有自己的连接表；net.ipv4.vs.conntrack=0 时，' +
          'IPVS 的报文不进入 conntrack，因此 nat 表的规则匹配不到，源地址仍是 CIP。',
      },
    })
    await trial.holds(
      {
        en: 'mangle saw the packets leave, nat did not',
        zh: 'mangle 表看得到这些报文，nat 表看不到',
      },
      async () => {
        assert.equal(await packetsOfRule('nat'), 0)
        assert.ok((await packetsOfRule('mangle')) > 0)
      },
    )
    await trial.holds(
      {
        en: 'and mangle cannot masquerade: the kernel takes that target in nat only',
        zh: '而 mangle 表不支持 MASQUERADE：内核只允许它出现在 nat 表',
      },
      () => assert.rejects(trial.command('director', `${count} -j MASQUERADE`), { code: 'ERR_LAB_TOPOLOGY' }),
    )
    await trial.step(
      {
        en: 'Let IPVS keep its connections in conntrack',
        zh: '让 IPVS 的连接进入 conntrack',
        classic: 'sysctl net.ipv4.vs.conntrack=1',
      },
      () => director.sysctls.set('net.ipv4.vs.conntrack', 1),
    )
    await trial.works('client', 'http://10.254.0.1:8080/', {
      en: 'Both servers answer in turn, and take the director for their client',
      zh: '两个 RS 轮流应答，看到的源地址是 DIP',
      path: {
        en: 'client → director (DNAT to RIP, SNAT to DIP) → rs → director (both undone) → client',
        zh: 'client → director (DNAT 到 RIP，SNAT 到 DIP) → rs → director (两者还原) → client',
      },
      servers: ['rs1', 'rs2'],
      client: '10.0.0.161',
    })

    async function packetsOfRule(table: string): Promise<number> {
      const list = await trial.command('director', `iptables -t ${table} -L POSTROUTING -n -v -x`)
      // Two lines of headings, then the rule, whose first number is its packets.
      return Number(list.split('\n')[2]?.trim().split(/\s+/)[0])
    }
  },
})
