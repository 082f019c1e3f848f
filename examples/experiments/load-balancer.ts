/** Case 3: LoadBalancer services, with source ranges and with the policy Local. */
import assert from 'node:assert/strict'
import {
  clusterEndpoints,
  clusterNetwork,
  defineExperiment,
  Director,
  type KubernetesServiceSpec,
} from 'ipvs-director'

const balancer = '192.168.80.200'
const url = `http://${balancer}/`

/** The rules that older versions wrote for this case, of 2022. */
const older = [
  '-A KUBE-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j RETURN',
  '-A KUBE-FIREWALL -j KUBE-MARK-DROP',
  '-A KUBE-LOAD-BALANCER -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-FIREWALL',
  '-A KUBE-LOAD-BALANCER -m set --match-set KUBE-LOAD-BALANCER-LOCAL dst,dst -j RETURN',
  '-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ',
  '-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000',
  '-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER',
  '-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT',
]

export default defineExperiment({
  name: 'load-balancer',
  seed: '004',
  title: {
    en: 'iptables, case 3: LoadBalancer with source ranges, and with policy Local',
    zh: 'IPVS 依赖 iptables 的情形 3：LoadBalancer（loadBalancerSourceRanges、Local 策略）',
  },
  topology: clusterNetwork(),
  roles: {
    [balancer]: 'VIP',
    '192.168.80.8': 'CIP',
    '192.168.80.101': 'DIP',
    '10.244.1.9': 'RIP',
    '10.244.2.6': 'RIP',
  },
  record: ['web1', 'web2'],

  async run(trial) {
    const { sets } = await trial.kernel('node1')
    const director = new Director(await trial.kernel('node1'), {
      families: ['inet'],
      nodeName: 'node1',
      netns: trial.namespace('node1').path,
    })

    await trial.step(
      {
        en: 'Program a balancer’s address on node1, open to everybody',
        zh: '在 node1 上下发 LoadBalancer 服务，不限制来源',
        classic: [
          `ip addr add ${balancer}/32 dev kube-ipvs0`,
          `ipvsadm -A -t ${balancer}:80 -s rr`,
          `ipvsadm -a -t ${balancer}:80 -r 10.244.1.9:80 -m; ipvsadm -a -t ${balancer}:80 -r 10.244.2.6:80 -m`,
          `ipset add KUBE-LOAD-BALANCER ${balancer},tcp:80`,
        ],
      },
      () => program({}),
    )
    await trial.works('client', url, {
      en: 'Both pods answer, and see the node',
      zh: '两个 Pod 轮流应答，看到的是节点地址',
      path: {
        en: 'client → node1: KUBE-LOAD-BALANCER (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        zh: 'client → node1: KUBE-LOAD-BALANCER (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
      },
      servers: ['web1', 'web2'],
      // The node's address on the link by which it reaches the pod.
      client: { web1: '10.244.1.1', web2: '192.168.80.101' },
    })
    await trial.step(
      {
        en: 'Admit the client’s network only',
        zh: '只允许客户端所在网段',
        classic: [
          `ipset add KUBE-LOAD-BALANCER-FW ${balancer},tcp:80`,
          `ipset add KUBE-LOAD-BALANCER-SOURCE-CIDR ${balancer},tcp:80,192.168.80.0/24`,
        ],
      },
      () => program({ loadBalancerSourceRanges: ['192.168.80.0/24'] }),
    )
    await trial.works('client', url, {
      en: 'The client is one of them',
      zh: '客户端在允许的网段内，可以访问',
      servers: ['web1', 'web2'],
    })
    await trial.step(
      {
        en: 'Admit somebody else only',
        zh: '只允许别的网段',
        classic: [
          `ipset del KUBE-LOAD-BALANCER-SOURCE-CIDR ${balancer},tcp:80,192.168.80.0/24`,
          `ipset add KUBE-LOAD-BALANCER-SOURCE-CIDR ${balancer},tcp:80,172.16.0.0/16`,
        ],
      },
      () => program({ loadBalancerSourceRanges: ['172.16.0.0/16'] }),
    )
    await trial.fails('client', url, {
      en: 'The client is dropped',
      zh: '客户端的报文被丢弃',
      path: 'client → node1: INPUT, KUBE-PROXY-FIREWALL → KUBE-SOURCE-RANGES-FIREWALL ✗ DROP',
      why: {
        en: 'The address has ranges (KUBE-LOAD-BALANCER-FW), and the client is in none (KUBE-LOAD-BALANCER-SOURCE-CIDR).',
        zh: '该地址设置了来源限制（KUBE-LOAD-BALANCER-FW），客户端不在允许列表（KUBE-LOAD-BALANCER-SOURCE-CIDR）中。',
      },
    })
    const rules = withoutComments(await trial.command('node1', 'iptables-save'))
    const now = rules
      .split('\n')
      .filter((line) =>
        /-A KUBE-(PROXY-FIREWALL|SOURCE-RANGES|LOAD-BALANCER|SERVICES.*LOAD-BALANCER)/.test(line),
      )
    trial.show(
      {
        en: 'The rules of this case, without comments; - only older versions have, + only ours:',
        zh: '相关规则（略去注释）；- 只有旧版有，+ 只有现在有：',
      },
      [
        ...older.filter((rule) => !now.includes(rule)).map((rule) => `- ${rule}`),
        ...now.map((rule) => `${older.includes(rule) ? ' ' : '+'} ${rule}`),
      ].join('\n'),
    )
    await trial.holds(
      {
        en: 'Older versions marked 0x8000 in the table nat (KUBE-FIREWALL, KUBE-MARK-DROP); now the table filter drops, in INPUT and FORWARD',
        zh: '旧版在 nat 表打 0x8000 标记（KUBE-FIREWALL、KUBE-MARK-DROP）；现在由 filter 表在 INPUT 和 FORWARD 中直接丢弃',
        why: {
          en:
            'The mark relied on a rule of the kubelet to drop it, and nat sees the first packet of a connection only: who ' +
            'was connected stayed connected. filter sees every packet.',
          zh: '旧做法依赖 kubelet 的规则来丢弃带标记的报文，而且 nat 表只看连接的首包，已建立的连接不受影响；filter 表检查每个报文。',
        },
      },
      async () => {
        assert.doesNotMatch(rules, /KUBE-MARK-DROP|0x8000/)
        const firewall = 'KUBE-PROXY-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst'
        assert.ok(rules.includes(`-A ${firewall} -j KUBE-SOURCE-RANGES-FIREWALL`), rules)
        assert.match(rules, /-A KUBE-SOURCE-RANGES-FIREWALL .*SOURCE-CIDR dst,dst,src -j RETURN\n.*-j DROP/)
        for (const chain of ['INPUT', 'FORWARD'])
          assert.match(rules, new RegExp(`-A ${chain} .*-j KUBE-PROXY-FIREWALL`))
      },
    )
    await trial.step(
      {
        en: 'Policy Local, open to everybody again',
        zh: 'Local 策略，不限制来源',
        classic: [
          `ipset del KUBE-LOAD-BALANCER-SOURCE-CIDR ${balancer},tcp:80,172.16.0.0/16`,
          `ipset del KUBE-LOAD-BALANCER-FW ${balancer},tcp:80`,
          `ipset add KUBE-LOAD-BALANCER-LOCAL ${balancer},tcp:80`,
          `ipvsadm -d -t ${balancer}:80 -r 10.244.2.6:80`,
        ],
      },
      () => program({ externalTrafficPolicy: 'Local' }),
    )
    await trial.works('client', url, {
      en: 'The node’s own pod answers, and sees the client',
      zh: '只有本节点的 Pod 应答，看到真实的客户端地址',
      path: {
        en: 'client → node1: KUBE-LOAD-BALANCER (KUBE-LOAD-BALANCER-LOCAL: no mark) → IPVS (DNAT) → web1',
        zh: 'client → node1: KUBE-LOAD-BALANCER (KUBE-LOAD-BALANCER-LOCAL: 不打标记) → IPVS (DNAT) → web1',
      },
      servers: ['web1'],
      client: '192.168.80.8',
      requests: 3,
    })
    await trial.holds(
      {
        en: 'KUBE-LOAD-BALANCER: who is in KUBE-LOAD-BALANCER-LOCAL returns, all others get the mark; as it always was',
        zh: 'KUBE-LOAD-BALANCER：在 KUBE-LOAD-BALANCER-LOCAL 中的 RETURN，其余打标记，与旧版相同',
      },
      async () => {
        const nat = withoutComments(await trial.command('node1', 'iptables-save -t nat'))
        const chain = nat.split('\n').filter((line) => line.startsWith('-A KUBE-LOAD-BALANCER'))
        assert.deepEqual(chain, [
          '-A KUBE-LOAD-BALANCER -m set --match-set KUBE-LOAD-BALANCER-LOCAL dst,dst -j RETURN',
          '-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ',
        ])
        assert.equal(await sets.has('KUBE-LOAD-BALANCER-LOCAL', `${balancer},tcp:80`), true)
      },
    )

    async function program(more: KubernetesServiceSpec): Promise<void> {
      director.upsertService({
        metadata: { name: 'nginx-lb' },
        spec: { type: 'LoadBalancer', clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80 }], ...more },
        status: { loadBalancer: { ingress: [{ ip: balancer }] } },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx-lb'))
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }
  },
})

function withoutComments(rules: string): string {
  return rules.replaceAll(/ -m comment --comment "[^"]*"/g, '')
}
