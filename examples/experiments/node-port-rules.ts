/** Case 4: node ports, whose rules look at ports alone. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director } from 'ipvs-director'

/** The rules that older versions wrote for this case, of 2022. */
const older = [
  '-A KUBE-NODE-PORT -m set --match-set KUBE-NODE-PORT-LOCAL-TCP dst -j RETURN',
  '-A KUBE-NODE-PORT -j KUBE-MARK-MASQ',
  '-A KUBE-SERVICES -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-NODE-PORT',
]

export default defineExperiment({
  name: 'node-port-rules',
  seed: '004',
  title: {
    en: 'iptables, case 4: node ports, Cluster and Local side by side',
    zh: 'IPVS 依赖 iptables 的情形 4：NodePort（Cluster 与 Local 并存）',
  },
  topology: clusterNetwork(),
  roles: { '192.168.80.101': 'VIP and DIP', '192.168.80.8': 'CIP', '10.244.1.9': 'RIP', '10.244.2.6': 'RIP' },
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
        en: 'Program two node ports on node1: 30080 with policy Cluster, 30081 with policy Local',
        zh: '在 node1 上下发两个 NodePort：30080 为 Cluster，30081 为 Local',
        classic: [
          'ipvsadm -A -t 192.168.80.101:30080 -s rr; ipvsadm -a -t 192.168.80.101:30080 -r 10.244.1.9:80 -m',
          'ipvsadm -a -t 192.168.80.101:30080 -r 10.244.2.6:80 -m    # the same on each address of the node',
          'ipvsadm -A -t 192.168.80.101:30081 -s rr; ipvsadm -a -t 192.168.80.101:30081 -r 10.244.1.9:80 -m',
          'ipset add KUBE-NODE-PORT-TCP 30080; ipset add KUBE-NODE-PORT-TCP 30081',
          'ipset add KUBE-NODE-PORT-LOCAL-TCP 30081',
        ],
      },
      async () => {
        for (const [name, nodePort, externalTrafficPolicy] of [
          ['nginx-np', 30080, 'Cluster'],
          ['nginx-np-local', 30081, 'Local'],
        ] as const) {
          director.upsertService({
            metadata: { name },
            spec: {
              type: 'NodePort',
              clusterIP: `10.96.0.${nodePort - 30000}`,
              externalTrafficPolicy,
              ports: [{ name: 'http', port: 80, nodePort }],
            },
          })
          director.upsertEndpointSlice(clusterEndpoints(name))
        }
        const { failed } = await director.sync()
        assert.deepEqual(failed, [])
      },
    )
    await trial.works('client', 'http://192.168.80.101:30080/', {
      en: 'Cluster: both pods answer, and see the node',
      zh: 'Cluster：两个 Pod 轮流应答，看到的是节点地址',
      path: {
        en: 'client → node1: KUBE-NODE-PORT (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        zh: 'client → node1: KUBE-NODE-PORT (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
      },
      servers: ['web1', 'web2'],
      // The node's address on the link by which it reaches the pod.
      client: { web1: '10.244.1.1', web2: '192.168.80.101' },
    })
    await trial.works('client', 'http://192.168.80.101:30081/', {
      en: 'Local: the node’s own pod answers, and sees the client',
      zh: 'Local：只有本节点的 Pod 应答，看到真实的客户端地址',
      path: {
        en: 'client → node1: KUBE-NODE-PORT (KUBE-NODE-PORT-LOCAL-TCP: return) → IPVS (DNAT) → web1',
        zh: 'client → node1: KUBE-NODE-PORT (KUBE-NODE-PORT-LOCAL-TCP: RETURN) → IPVS (DNAT) → web1',
      },
      servers: ['web1'],
      client: '192.168.80.8',
      requests: 3,
    })
    const nat = (await trial.command('node1', 'iptables-save -t nat')).replaceAll(
      / -m comment --comment "[^"]*"/g,
      '',
    )
    const chain = nat.split('\n').filter((line) => /-A KUBE-NODE-PORT |-j KUBE-NODE-PORT/.test(line))
    const now = chain
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
        en: 'Older versions jumped to KUBE-NODE-PORT by the set of ports; now by the destination, an address of the node, and the sets are asked within',
        zh: '旧版在 KUBE-SERVICES 中按端口集合跳转；现在按“目的是本机地址”跳转，进入 KUBE-NODE-PORT 后再查集合',
        why: {
          en:
            'A set of ports matches any packet to such a port, also one that is only passing through. addrtype LOCAL ' +
            'leaves those alone.',
          zh: '端口集合会匹配任何去往该端口的报文，包括只是路过的；addrtype LOCAL 只管发给本机的。',
        },
      },
      async () =>
        assert.deepEqual(chain, [
          '-A KUBE-NODE-PORT -p tcp -m set --match-set KUBE-NODE-PORT-LOCAL-TCP dst -j RETURN',
          '-A KUBE-NODE-PORT -p tcp -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ',
          '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
        ]),
    )
    await trial.step(
      {
        en: 'Something else on such a port, for which node1 is only a router',
        zh: '在 web2 的 30080 端口另开一个服务，client 经 node1 路由过去',
        classic: 'ip route add 10.244.2.0/24 via 192.168.80.101    # on the client',
      },
      async () => {
        await trial.namespace('web2').serve({ protocol: 'http', port: 30080 })
        await trial.namespace('client').addRoute({ to: '10.244.2.0/24', via: '192.168.80.101' })
      },
    )
    await trial.works('client', 'http://10.244.2.6:30080/', {
      en: 'What only passes through keeps its source',
      zh: '只是路过的流量不做 SNAT，源地址不变',
      path: 'client → node1 (FORWARD) → node2 → web2',
      servers: ['web2'],
      client: '192.168.80.8',
    })
    await trial.holds(
      {
        en: 'The sets: a bit for each port, 30081 in both of them',
        zh: '集合：每个端口一位，30081 在两个集合中都有',
      },
      async () => {
        assert.equal((await sets.header('KUBE-NODE-PORT-TCP')).type, 'bitmap:port')
        assert.deepEqual(await portsOf('KUBE-NODE-PORT-TCP'), [30080, 30081])
        assert.deepEqual(await portsOf('KUBE-NODE-PORT-LOCAL-TCP'), [30081])
      },
    )

    async function portsOf(set: string): Promise<unknown[]> {
      return (await sets.entries(set)).map(({ port }) => port)
    }
  },
})
