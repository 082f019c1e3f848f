/** A node port: one port on every address of the node, with the policy Cluster. */
import assert from 'node:assert/strict'
import {
  clusterEndpoints,
  clusterNetwork,
  defineExperiment,
  Director,
  type DirectorSettings,
  formatTable,
} from 'ipvs-director'

/** Each node's addresses, and what the pods see as the client: the node, at the link by which it reaches them. */
const outside = {
  node0: {
    addresses: ['192.168.80.100', '192.168.70.100'],
    client: { web1: '192.168.80.100', web2: '192.168.80.100' },
  },
  node1: {
    addresses: ['192.168.80.101', '192.168.70.101'],
    client: { web1: '10.244.1.1', web2: '192.168.80.101' },
  },
}

export default defineExperiment({
  name: 'node-port',
  seed: '003',
  title: {
    en: 'NodePort, policy Cluster: one port on every address of the node',
    zh: 'NodePort（Cluster 策略）：节点的每个地址上都有同一端口',
  },
  topology: clusterNetwork(),
  roles: {
    '192.168.80.8': 'CIP',
    '192.168.80.100': 'VIP and DIP',
    '192.168.70.100': 'VIP',
    '10.244.0.1': 'VIP',
    '10.244.1.9': 'RIP',
    '10.244.2.6': 'RIP',
  },
  record: ['web1', 'web2'],

  async run(trial) {
    const { ipvs } = await trial.kernel('node0')

    await trial.step(
      {
        en: 'Program a node port on node0, which runs no pod, and on node1, which runs one',
        zh: '在没有 Pod 的 node0 和有 Pod 的 node1 上下发 NodePort 服务',
        classic: [
          'ipvsadm -A -t 192.168.80.100:30080 -s rr; ipvsadm -a -t 192.168.80.100:30080 -r 10.244.1.9:80 -m    # …',
          'ipvsadm -A -t 192.168.70.100:30080 -s rr    # … and so on',
          'ipvsadm -A -t 10.244.0.1:30080 -s rr        # … and so on',
          'ipset add KUBE-NODE-PORT-TCP 30080',
        ],
      },
      async () => {
        for (const node of Object.keys(outside)) await program(node, {})
      },
    )
    trial.show({ en: 'ipvsadm -Ln:', zh: 'ipvsadm -Ln：' }, formatTable(await ipvs.snapshot()))
    await trial.holds(
      {
        en: 'There is a virtual service at the cluster address and at each address of the node but 127.0.0.1',
        zh: '除 127.0.0.1 外，节点的每个地址都有一个虚拟服务',
        why: {
          en:
            'Older versions served 127.0.0.1, too. The kernel never sends packets of 127.0.0.0/8 to a pod, unless told ' +
            'to (route_localnet), so that such a service answered nobody.',
          zh: '旧版本还包括 127.0.0.1；但内核不会把 127.0.0.0/8 的报文发出本机（除非 route_localnet），这样的服务没有用。',
        },
      },
      async () => {
        const keys = [...(await ipvs.snapshot())].map((one) =>
          'port' in one ? `${one.address}:${one.port}` : '',
        )
        assert.deepEqual(keys.sort(), [
          '10.105.4.239:80',
          '10.244.0.1:30080',
          '192.168.70.100:30080',
          '192.168.80.100:30080',
        ])
      },
    )
    for (const [node, { addresses, client }] of Object.entries(outside))
      for (const address of addresses)
        await trial.works('client', `http://${address}:30080/`, {
          en: `From outside ${address} is answered by both pods, wherever they run`,
          zh: `从集群外访问 ${address}：两个 Pod 轮流应答，不论在哪个节点上`,
          path: {
            en: `client → ${node}: KUBE-NODE-PORT (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2`,
            zh: `client → ${node}: KUBE-NODE-PORT (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2`,
          },
          servers: ['web1', 'web2'],
          client,
        })
    await trial.works('node0', 'http://10.244.0.1:30080/', {
      en: 'The node reaches itself at the address of its bridge',
      zh: '节点通过网桥地址访问自己的 NodePort',
      servers: ['web1', 'web2'],
    })
    await trial.fails('node0', 'http://127.0.0.1:30080/', {
      en: 'but not at 127.0.0.1',
      zh: '但不能通过 127.0.0.1 访问',
      path: 'node0 → node0 ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en: 'There is no virtual service at 127.0.0.1, and nothing listens on the port.',
        zh: '127.0.0.1 上没有虚拟服务，也没有进程监听。',
      },
    })
    await trial.step(
      {
        en: 'Serve node ports on one network only',
        zh: '只在一个网段上提供 NodePort',
        classic: 'kube-proxy --nodeport-addresses=192.168.80.0/24',
      },
      () => program('node0', { nodePortAddresses: ['192.168.80.0/24'] }),
    )
    await trial.works('client', 'http://192.168.80.100:30080/', {
      en: 'There it works',
      zh: '该网段的地址可以访问',
      servers: ['web1', 'web2'],
      client: '192.168.80.100',
    })
    await trial.fails('client', 'http://192.168.70.100:30080/', {
      en: 'and elsewhere it is refused',
      zh: '其他地址被拒绝',
      path: 'client → node0 ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en: 'The virtual service at this address is gone; the address is the node’s, and nothing listens there.',
        zh: '该地址上的虚拟服务已删除；地址是节点自己的，没有进程监听。',
      },
    })

    async function program(node: string, settings: DirectorSettings): Promise<void> {
      const director = new Director(await trial.kernel(node), {
        families: ['inet'],
        nodeName: node,
        netns: trial.namespace(node).path,
        ...settings,
      })
      director.upsertService({
        metadata: { name: 'nginx-np' },
        spec: {
          type: 'NodePort',
          clusterIP: '10.105.4.239',
          ports: [{ name: 'http', port: 80, nodePort: 30080 }],
        },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx-np'))
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }
  },
})
