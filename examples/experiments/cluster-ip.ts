/** A service of type ClusterIP: who reaches it, from where, and as whom. */
import { clusterEndpoints, clusterNetwork, defineExperiment, Director, formatTable } from 'ipvs-director'

const address = '10.110.148.45'
const url = `http://${address}:8080/`

export default defineExperiment({
  name: 'cluster-ip',
  seed: '003',
  title: {
    en: 'ClusterIP: from the node, from a pod, from outside',
    zh: 'ClusterIP：从节点、Pod 和集群外访问',
  },
  topology: clusterNetwork(),
  roles: { [address]: 'VIP', '10.244.1.9': 'RIP', '10.244.2.6': 'RIP', '192.168.80.8': 'CIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    for (const node of ['node0', 'node1'])
      await trial.step(
        {
          en: `The director of ${node} programs the service nginx`,
          zh: `${node} 的 director 下发 Service nginx`,
          classic: [
            `ip addr add ${address}/32 dev kube-ipvs0`,
            `ipvsadm -A -t ${address}:8080 -s rr`,
            `ipvsadm -a -t ${address}:8080 -r 10.244.1.9:80 -m`,
            `ipvsadm -a -t ${address}:8080 -r 10.244.2.6:80 -m`,
          ],
        },
        () => direct(node),
      )
    const { ipvs } = await trial.kernel('node0')
    trial.show({ en: 'ipvsadm -Ln:', zh: 'ipvsadm -Ln：' }, formatTable(await ipvs.snapshot()))
    await trial.works('node0', url, {
      en: 'From a node both pods answer in turn; they see the node',
      zh: '从节点访问：两个 Pod 轮流应答，看到的是节点地址',
      path: {
        en: 'node0: OUTPUT (own source is the VIP: mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        zh: 'node0: OUTPUT (源地址即 VIP：打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
      },
      servers: ['web1', 'web2'],
      client: '192.168.80.100',
    })
    await trial.fails('client', url, {
      en: 'From outside there is no way to it',
      zh: '集群外没有到 ClusterIP 的路由',
      path: { en: 'client: no route to 10.110.148.45 ✗', zh: 'client: 没有路由到 10.110.148.45 ✗' },
      code: 'ENETUNREACH',
      why: {
        en: 'A cluster address is a matter between nodes and pods; no router knows it.',
        zh: 'ClusterIP 只在节点和 Pod 内部有效，没有路由器认识它。',
      },
    })
    await trial.step(
      {
        en: 'Let a pod’s packets come back to it through its bridge port, as network plugins do',
        zh: '像网络插件那样开启网桥端口的 hairpin 模式',
        classic: 'bridge link set dev web1 hairpin on    # on node1',
      },
      () => trial.command('node1', 'bridge link set dev web1 hairpin on'),
    )
    await trial.works('web1', url, {
      en: 'From a pod both answer in turn, the pod itself being one of them',
      zh: '从 Pod 访问：两个 Pod 轮流应答，其中一个是它自己',
      path: {
        en: 'web1 → node1: IPVS (DNAT) → node2 → web2, or (KUBE-LOOP-BACK: SNAT) → web1',
        zh: 'web1 → node1: IPVS (DNAT) → node2 → web2 或 (KUBE-LOOP-BACK: SNAT) → web1',
      },
      servers: ['web1', 'web2'],
    })
    await trial.holds(
      {
        en: 'The other pod saw this pod’s own address, this pod saw its node: only who reaches itself is masqueraded',
        zh: '另一个 Pod 看到真实源地址；访问自己时看到的是节点地址：只有访问自己才做 SNAT',
      },
      async () => {
        await trial.packet(
          ({ flags, source, at }) => flags === 'SYN' && at === 'web2:eth0' && source === '10.244.1.9',
        )
        await trial.packet(
          ({ flags, source, destination }) =>
            flags === 'SYN' && destination === '10.244.1.9' && source === '10.244.1.1',
        )
      },
    )

    async function direct(node: string): Promise<void> {
      const director = new Director(await trial.kernel(node), {
        families: ['inet'],
        nodeName: node,
        netns: trial.namespace(node).path,
      })
      director.upsertService({
        metadata: { name: 'nginx' },
        spec: { type: 'ClusterIP', clusterIP: address, ports: [{ name: 'http', port: 8080 }] },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx'))
      const { failed } = await director.sync()
      if (failed[0] !== undefined) throw failed[0].error
    }
  },
})
