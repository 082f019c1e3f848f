/** A node port with the policy Local: pods of the node only, and the client keeps its address. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director, formatTable } from 'ipvs-director'

/** Where the client reaches node1, and what the pod is to see: the client's address in the same network. */
const clients = { '192.168.80.101': '192.168.80.8', '192.168.70.101': '192.168.70.8' }

export default defineExperiment({
  name: 'node-port-local',
  seed: '003',
  title: {
    en: 'NodePort, policy Local: pods of the node only, the client’s address is kept',
    zh: 'NodePort（Local 策略）：只转发到本节点的 Pod，保留客户端地址',
  },
  topology: clusterNetwork(),
  roles: {
    '192.168.80.8': 'CIP',
    '192.168.70.8': 'CIP',
    '192.168.80.100': 'VIP',
    '192.168.70.100': 'VIP',
    '192.168.80.101': 'VIP',
    '192.168.70.101': 'VIP',
    '10.244.1.9': 'RIP',
    '10.244.2.6': 'RIP',
  },
  record: ['web1', 'web2'],

  async run(trial) {
    await trial.step(
      {
        en: 'Program the service on node1, which runs web1, and on node0, which runs no pod',
        zh: '在有 web1 的 node1 和没有 Pod 的 node0 上下发服务',
        classic: [
          'ipvsadm -A -t 192.168.80.101:30080 -s rr; ipvsadm -a -t 192.168.80.101:30080 -r 10.244.1.9:80 -m    # on node1',
          'ipvsadm -A -t 192.168.70.101:30080 -s rr; ipvsadm -a -t 192.168.70.101:30080 -r 10.244.1.9:80 -m',
          'ipvsadm -A -t 192.168.80.100:30080 -s rr; ipvsadm -A -t 192.168.70.100:30080 -s rr    # on node0: no servers',
          'ipset add KUBE-NODE-PORT-TCP 30080; ipset add KUBE-NODE-PORT-LOCAL-TCP 30080',
        ],
      },
      async () => {
        await program('node1', false)
        await program('node0', false)
      },
    )
    for (const node of ['node1', 'node0']) {
      const { ipvs } = await trial.kernel(node)
      trial.show(
        { en: `ipvsadm -Ln on ${node}:`, zh: `${node} 上 ipvsadm -Ln：` },
        formatTable(await ipvs.snapshot()),
      )
    }
    for (const [address, client] of Object.entries(clients))
      await trial.works('client', `http://${address}:30080/`, {
        en: `node1 at ${address} forwards to its own pod, which sees the client itself`,
        zh: `访问 node1 的 ${address}：只转发到自己的 Pod，Pod 看到真实的客户端地址`,
        path: {
          en: 'client → node1: KUBE-NODE-PORT (KUBE-NODE-PORT-LOCAL-TCP: no mark) → IPVS (DNAT) → web1 → node1 → client',
          zh: 'client → node1: KUBE-NODE-PORT (KUBE-NODE-PORT-LOCAL-TCP: 不打标记) → IPVS (DNAT) → web1 → node1 → client',
        },
        servers: ['web1'],
        client,
        requests: 3,
      })
    for (const address of ['192.168.80.100', '192.168.70.100'])
      await trial.fails('client', `http://${address}:30080/`, {
        en: `node0 at ${address} has no pod of its own, and refuses`,
        zh: `访问 node0 的 ${address}：没有本地 Pod，被拒绝`,
        path: {
          en: 'client → node0: IPVS, no server ✗ port unreachable',
          zh: 'client → node0: IPVS, 没有 RS ✗ 端口不可达',
        },
        code: 'ECONNREFUSED',
        why: {
          en:
            'The virtual service is there, so that IPVS takes the packet, and has no server: IPVS answers by ICMP. The ' +
            'iptables mode of kube-proxy drops such packets (KUBE-MARK-DROP), and the client times out.',
          zh:
            '虚拟服务存在但没有后端，IPVS 回 ICMP 端口不可达。kube-proxy 的 iptables 模式则是丢弃（KUBE-MARK-DROP），' +
            '客户端表现为超时。',
        },
      })
    await trial.step(
      {
        en: 'What kube-proxy’s IPVS mode came to do instead: without a local pod, use all of them',
        zh: 'kube-proxy 的 IPVS 模式后来的做法：没有本地 Pod 时使用全部 Pod',
        classic: [
          'ipvsadm -a -t 192.168.80.100:30080 -r 10.244.1.9:80 -m',
          'ipvsadm -a -t 192.168.80.100:30080 -r 10.244.2.6:80 -m    # and at 192.168.70.100',
        ],
      },
      () => program('node0', true),
    )
    await trial.fails('client', 'http://192.168.80.100:30080/', {
      en: 'Now the request reaches a pod elsewhere, and times out for another reason',
      zh: '请求到了其他节点的 Pod，但仍然超时，原因不同',
      path: {
        en: 'client → node0 (DNAT, no SNAT) → node1 → web1 → node1 ─from RIP→ client ✗ no such connection',
        zh: 'client → node0 (DNAT, 不做 SNAT) → node1 → web1 → node1 ─源为 RIP→ client ✗ 没有对应的连接',
      },
      why: {
        en:
          'Local promises the client’s own address, so that nothing is masqueraded. The pod answers the client through ' +
          'its own node, past node0: the answer comes from the RIP, to which the client has no connection.',
        zh:
          'Local 策略要保留客户端地址，不做 SNAT。Pod 经自己的节点直接回包，不经过 node0，' +
          '客户端没有与 RIP 的连接，丢弃应答。',
      },
    })
    await trial.holds(
      {
        en: 'The pod saw the client, and answered it directly',
        zh: 'Pod 抓包：源地址是客户端，直接回包',
      },
      async () => {
        await trial.packet(({ flags, source }) => flags === 'SYN' && source === '192.168.80.8')
        await trial.packet(({ flags, destination }) => flags === 'SYN,ACK' && destination === '192.168.80.8')
      },
    )

    async function program(node: string, localFallback: boolean): Promise<void> {
      const director = new Director(await trial.kernel(node), {
        families: ['inet'],
        nodeName: node,
        netns: trial.namespace(node).path,
        localFallback,
      })
      director.upsertService({
        metadata: { name: 'nginx-np-local' },
        spec: {
          type: 'NodePort',
          clusterIP: '10.106.205.122',
          externalTrafficPolicy: 'Local',
          ports: [{ name: 'http', port: 80, nodePort: 30080 }],
        },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx-np-local'))
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }
  },
})
