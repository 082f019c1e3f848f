/** Which packets to masquerade, said by a set instead of by a rule for each service: kube-proxy's chains in small. */
import assert from 'node:assert/strict'
import { defineExperiment, hostPair } from 'ipvs-director'

const service = { protocol: 'tcp', address: '169.254.1.100', port: 80 } as const
const url = 'http://169.254.1.100/'
const hosts = ['host0', 'host1']
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

export default defineExperiment({
  name: 'marks-by-set',
  seed: '002',
  title: {
    en: 'Experiment 2: a hash:ip,port set says what is marked 0x2000, and the mark what is masqueraded',
    zh: '实验 2：hash:ip,port 集合决定打 0x2000 标记，按标记做 MASQUERADE',
  },
  topology: hostPair(),
  roles: { '169.254.1.100': 'VIP', '10.130.17.30': 'DIP and RIP', '10.130.17.31': 'DIP and RIP' },
  record: ['host1'],

  async run(trial) {
    await trial.works('host0', 'http://10.130.17.31:8888/', {
      en: 'The hosts reach each other’s server directly',
      zh: '两个 Host 可以直接访问对方的后端',
      servers: ['host1'],
      client: '10.130.17.30',
    })
    await trial.step(
      {
        en: 'On both hosts: the VIP, and the service with both as servers',
        zh: '两个 Host 上都添加 VIP，创建虚拟服务，两个 Host 都是后端',
        classic: [
          'ip address add 169.254.1.100/32 dev eth0',
          'ipvsadm --add-service --tcp-service 169.254.1.100:80 --scheduler rr',
          'ipvsadm --add-server --tcp-service 169.254.1.100:80 --real-server 10.130.17.30:8888 --masquerading',
          'ipvsadm --add-server --tcp-service 169.254.1.100:80 --real-server 10.130.17.31:8888 --masquerading',
        ],
      },
      async () => {
        for (const host of hosts) {
          const { ipvs, links } = await trial.kernel(host)
          await links.addAddress('eth0', '169.254.1.100/32')
          await ipvs.addService({ ...service, scheduler: 'rr' })
          for (const address of ['10.130.17.30', '10.130.17.31'])
            await ipvs.addServer(service, { address, port: 8888, forwarding: 'masquerade' })
        }
      },
    )
    await trial.step(
      {
        en: 'Let conntrack see IPVS; first the set, then the rules that name it',
        zh: '开启 vs.conntrack；先创建 ipset，再创建引用它的规则',
        classic: [
          'echo 1 > /proc/sys/net/ipv4/vs/conntrack',
          'ipset create LU-SERVICE-IP hash:ip,port -exist',
          ...rules,
        ],
      },
      async () => {
        for (const host of hosts) {
          const { sets, sysctls } = await trial.kernel(host)
          await sysctls.set('net.ipv4.vs.conntrack', 1)
          await sets.create('LU-SERVICE-IP', 'hash:ip,port', { exist: 'ignore' })
          for (const rule of rules) await trial.command(host, rule)
        }
      },
    )
    await trial.holds(
      {
        en: 'While the set is empty nothing is marked: every second request times out',
        zh: '集合为空时不打标记，不做 SNAT：一半请求超时',
        why: {
          en: 'host1 gets a request whose source is the VIP, which it holds itself, and drops it.',
          zh: 'host1 收到源地址是 VIP 的请求，而 VIP 也是它自己的地址，于是丢弃。',
        },
      },
      async () => {
        const answers = await Promise.allSettled([1, 2].map(() => trial.ask('host0', url, 1)))
        assert.deepEqual(answers.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      },
    )
    await trial.step(
      {
        en: 'Put the service’s address and port into the set, and change no rule',
        zh: '把 VIP 和端口加入集合，规则不变',
        classic: 'ipset add LU-SERVICE-IP 169.254.1.100,tcp:80 -exist',
      },
      async () => {
        for (const host of hosts) {
          const { failed } = await (
            await trial.kernel(host)
          ).sets.add('LU-SERVICE-IP', '169.254.1.100,tcp:80')
          assert.deepEqual(failed, [])
        }
      },
    )
    await trial.works('host0', url, {
      en: 'From host0 both hosts answer in turn',
      zh: '从 host0 访问：两个 Host 轮流应答',
      path: {
        en: 'host0: OUTPUT → LU-SERVICES (in the set: mark) → IPVS (DNAT) → LU-POSTROUTING (mark: SNAT) → host0 | host1',
        zh: 'host0: OUTPUT → LU-SERVICES (在集合中：打标记) → IPVS (DNAT) → LU-POSTROUTING (有标记：SNAT) → host0 | host1',
      },
      servers: hosts,
      client: '10.130.17.30',
    })
    await trial.holds(
      {
        en: 'The host’s own requests went through OUTPUT, none of them through PREROUTING',
        zh: '本机发出的请求经过 OUTPUT 链，不经过 PREROUTING 链',
        why: {
          en:
            'A packet that a process sends meets OUTPUT and POSTROUTING. PREROUTING and FORWARD are for what comes in by ' +
            'a link; answers come in so, but belong to a connection whose translation is already decided.',
          zh:
            '本机进程发出的报文经过 OUTPUT 和 POSTROUTING；从网卡进来的才经过 PREROUTING。' +
            '应答虽然从网卡进来，但属于已有连接，不再匹配 nat 规则。',
        },
      },
      async () => {
        assert.ok((await packetsOf('OUTPUT')) > 0)
        assert.equal(await packetsOf('PREROUTING'), 0)
      },
    )
    await trial.works('host1', url, {
      en: 'and from host1, which is a director of its own',
      zh: '从 host1 访问也一样：它自己也是 director',
      servers: hosts,
      client: '10.130.17.31',
    })
    trial.show(
      { en: 'iptables -t nat -S:', zh: 'iptables -t nat -S：' },
      await trial.command('host0', 'iptables -t nat -S'),
    )

    /** Of the jump to LU-SERVICES: two lines of headings, then the rule, whose first number is its packets. */
    async function packetsOf(chain: string): Promise<number> {
      const list = await trial.command('host0', `iptables -t nat -L ${chain} -n -v -x`)
      return Number(list.split('\n')[2]?.trim().split(/\s+/)[0])
    }
  },
})
