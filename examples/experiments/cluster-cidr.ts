/** Case 2: the cluster's own traffic keeps its source, strangers are masqueraded. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director } from 'ipvs-director'

const address = '10.96.0.10'
const url = `http://${address}:8080/`

/** The rules that older versions wrote for this case, of 2022. */
const older = [
  '-A KUBE-SERVICES ! -s 10.244.0.0/16 -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
  '-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT',
]

export default defineExperiment({
  name: 'cluster-cidr',
  seed: '004',
  title: {
    en: 'iptables, case 2: --cluster-cidr',
    zh: 'IPVS 依赖 iptables 的情形 2：指定集群 CIDR',
  },
  topology: clusterNetwork(),
  roles: { [address]: 'VIP', '192.168.80.8': 'CIP', '10.244.1.9': 'RIP and CIP', '10.244.2.6': 'RIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    await trial.step(
      {
        en: 'Somebody outside sends what is for the service to node0',
        zh: '集群外的 client 把到 ClusterIP 的流量发给 node0',
        classic: `ip route add ${address} via 192.168.80.100    # on the client`,
      },
      () => trial.namespace('client').addRoute({ to: `${address}/32`, via: '192.168.80.100' }),
    )
    await trial.step(
      {
        en: 'Program the service on node0 and node1, without a word on what the cluster’s own traffic is',
        zh: '在 node0 和 node1 上下发 Service，不指定集群 CIDR',
        classic: [
          'kube-proxy --proxy-mode=ipvs    # does this:',
          `ip addr add ${address}/32 dev kube-ipvs0`,
          `ipvsadm -A -t ${address}:8080 -s rr`,
          `ipvsadm -a -t ${address}:8080 -r 10.244.1.9:80 -m; ipvsadm -a -t ${address}:8080 -r 10.244.2.6:80 -m`,
          `ipset add KUBE-CLUSTER-IP ${address},tcp:8080`,
        ],
      },
      async () => {
        for (const node of ['node0', 'node1']) await program(node, false)
      },
    )
    await trial.fails('client', url, {
      en: 'The stranger times out: pods answer past the node that it asked',
      zh: '集群外的客户端超时：Pod 的应答没有经过它访问的节点',
      path: {
        en: 'client → node0 (DNAT, no SNAT) → node → web ─from RIP→ client ✗ no such connection',
        zh: 'client → node0 (DNAT, 不做 SNAT) → node → web ─源为 RIP→ client ✗ 没有对应的连接',
      },
      why: {
        en:
          'Without the option only what the node itself sends is masqueraded. The pod sees the client and answers it ' +
          'through its own node, which knows nothing of the VIP.',
        zh: '不指定集群 CIDR 时只对节点自己的流量做 SNAT；Pod 看到客户端地址，经自己的节点直接回包。',
      },
    })
    await trial.step(
      {
        en: 'Say that 10.244.0.0/16 is the cluster',
        zh: '指定集群 CIDR 为 10.244.0.0/16',
        classic: [
          'kube-proxy --proxy-mode=ipvs --cluster-cidr=10.244.0.0/16',
          'iptables -t nat -A KUBE-SERVICES ! -s 10.244.0.0/16 -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
        ],
      },
      async () => {
        for (const node of ['node0', 'node1']) await program(node, true)
      },
    )
    await trial.works('client', url, {
      en: 'The stranger is masqueraded, and answered by both pods',
      zh: '集群外的流量做 SNAT，两个 Pod 轮流应答',
      path: {
        en: 'client → node0: ! -s 10.244.0.0/16 (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        zh: 'client → node0: ! -s 10.244.0.0/16 (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
      },
      servers: ['web1', 'web2'],
      client: '192.168.80.100',
    })
    await trial.holds(
      {
        en: 'A pod keeps its own address',
        zh: '集群内 Pod 的源地址不变',
        path: 'web1 → node1: IPVS (DNAT) → node2 → web2',
      },
      async () => {
        const answers = await Promise.allSettled([1, 2].map(() => trial.ask('web1', url, 1)))
        const clients = answers.flatMap((answer) =>
          answer.status === 'fulfilled' && answer.value.server === 'web2' ? [answer.value.client] : [],
        )
        assert.deepEqual(clients, ['10.244.1.9'])
      },
    )
    const rules = (await trial.command('node0', 'iptables-save -t nat')).replaceAll(
      / -m comment --comment "[^"]*"/g,
      '',
    )
    const services = rules.split('\n').filter((line) => line.startsWith('-A KUBE-SERVICES'))
    const now = services
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
        en: 'The rule is the one that older versions wrote: not from the cluster, and in the set',
        zh: '规则与旧版一致：源不在集群内，且目的在集合中',
      },
      async () => {
        const [marking, ...others] = services.filter((line) => line.endsWith('-j KUBE-MARK-MASQ'))
        assert.equal(
          marking,
          '-A KUBE-SERVICES ! -s 10.244.0.0/16 -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
        )
        assert.deepEqual(others, [])
      },
    )

    async function program(node: string, knowsCluster: boolean): Promise<void> {
      const director = new Director(await trial.kernel(node), {
        families: ['inet'],
        nodeName: node,
        netns: trial.namespace(node).path,
        ...(knowsCluster && { localTraffic: { kind: 'cidrs', cidrs: ['10.244.0.0/16'] } }),
      })
      director.upsertService({
        metadata: { name: 'nginx' },
        spec: { clusterIP: address, ports: [{ name: 'http', port: 8080 }] },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx'))
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }
  },
})
