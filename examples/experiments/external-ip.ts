/** External addresses: a service at an address of a node, and at one that no node has. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director, formatTable } from 'ipvs-director'

export default defineExperiment({
  name: 'external-ip',
  seed: '003',
  title: {
    en: 'External IP: a service at an address of the node, and at one of nobody',
    zh: 'External IP：用节点地址或任意地址对外提供服务',
  },
  topology: clusterNetwork(),
  roles: {
    '192.168.80.8': 'CIP',
    '192.168.80.100': 'VIP and DIP',
    '192.168.80.200': 'VIP',
    '10.244.1.9': 'RIP',
    '10.244.2.6': 'RIP',
  },
  record: ['web1', 'web2'],

  async run(trial) {
    const { ipvs, links } = await trial.kernel('node0')
    const director = new Director(await trial.kernel('node0'), {
      families: ['inet'],
      nodeName: 'node0',
      netns: trial.namespace('node0').path,
    })

    await trial.step(
      {
        en: 'Program a service with two external addresses on node0',
        zh: '在 node0 上下发有两个 externalIPs 的 Service',
        classic: [
          'ipvsadm -A -t 10.111.142.81:8080 -s rr     # cluster address',
          'ipvsadm -A -t 192.168.80.100:8080 -s rr    # the node’s own',
          'ipvsadm -A -t 192.168.80.200:8080 -s rr; ip addr add 192.168.80.200/32 dev kube-ipvs0',
          'ipset add KUBE-EXTERNAL-IP 192.168.80.100,tcp:8080; ipset add KUBE-EXTERNAL-IP 192.168.80.200,tcp:8080',
        ],
      },
      async () => {
        director.upsertService({
          metadata: { name: 'nginx-extip' },
          spec: {
            clusterIP: '10.111.142.81',
            ports: [{ name: 'http', port: 8080 }],
            externalIPs: ['192.168.80.100', '192.168.80.200'],
          },
        })
        director.upsertEndpointSlice(clusterEndpoints('nginx-extip'))
        const { failed } = await director.sync()
        assert.deepEqual(failed, [])
      },
    )
    trial.show({ en: 'ipvsadm -Ln:', zh: 'ipvsadm -Ln：' }, formatTable(await ipvs.snapshot()))
    for (const address of ['192.168.80.100', '192.168.80.200'])
      await trial.works('client', `http://${address}:8080/`, {
        en: `From outside ${address} is answered by both pods, which see the node`,
        zh: `从集群外访问 ${address}：两个 Pod 轮流应答，看到的是节点地址`,
        path: {
          en: 'client → node0: PREROUTING (KUBE-EXTERNAL-IP: mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
          zh: 'client → node0: PREROUTING (KUBE-EXTERNAL-IP: 打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        },
        servers: ['web1', 'web2'],
        client: '192.168.80.100',
      })
    await trial.holds(
      {
        en: 'The node’s own address stays on its own link; the other one is on kube-ipvs0',
        zh: '节点自己的地址仍在 eth0 上；另一个地址添加到 kube-ipvs0',
        why: {
          en:
            'Packets for its own address reach the node anyway: nothing has to be bound, and nothing to be taken away ' +
            'when the service goes.',
          zh: '发往节点自己地址的报文本来就会到达，不必再绑定；删除 Service 时也就不会动到它。',
        },
      },
      async () => {
        const bound = (await links.addresses('kube-ipvs0')).map(({ address }) => address)
        assert.deepEqual(bound.sort(), ['10.111.142.81', '192.168.80.200'])
      },
    )
    await trial.fails('client', 'http://192.168.80.101:8080/', {
      en: 'Another node’s address refuses',
      zh: '访问其他节点的地址：被拒绝',
      path: 'client → node1 ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en: 'The service is bound to the addresses that it names. Nothing listens on port 8080 of node1.',
        zh: '该服务只绑定指定的地址；node1 的 8080 端口没有任何服务。',
      },
    })
    await trial.fails('client', 'http://192.168.80.200:8081/', {
      en: 'and another port of the external address, too',
      zh: '访问外部地址的其他端口：被拒绝',
      path: {
        en: 'client → node0: INPUT, KUBE-IPVS-FILTER ✗ port unreachable',
        zh: 'client → node0: INPUT, KUBE-IPVS-FILTER ✗ 端口不可达',
      },
      code: 'ECONNREFUSED',
      why: {
        en:
          'Addresses on kube-ipvs0 are for services only: what is for one of them (KUBE-IPVS-IPS) and for no service is ' +
          'rejected, so that ports of the node cannot be reached through them.',
        zh: 'kube-ipvs0 上的地址只用于服务：发往这些地址（KUBE-IPVS-IPS）而不属于任何服务的报文被 REJECT，避免暴露节点端口。',
      },
    })
  },
})
