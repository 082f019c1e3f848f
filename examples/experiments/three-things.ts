/** What kube-proxy does for a service in IPVS mode, done by the director: a dummy link, addresses and sets, services. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director, formatTable } from 'ipvs-director'

const address = '10.96.92.170'
const url = `http://${address}:8080/`

export default defineExperiment({
  name: 'three-things',
  seed: '003',
  title: {
    en: 'Three things that kube-proxy does: a dummy link, addresses in it and in sets, services',
    zh: 'kube-proxy 在每个节点做的三件事：dummy 网卡、地址与集合、虚拟服务',
  },
  topology: clusterNetwork(),
  roles: { [address]: 'VIP', '10.244.1.9': 'RIP', '10.244.2.6': 'RIP', '192.168.80.100': 'DIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    const { ipvs, links, sets } = await trial.kernel('node0')
    const director = new Director(await trial.kernel('node0'), {
      families: ['inet'],
      nodeName: 'node0',
      netns: trial.namespace('node0').path,
    })

    await trial.fails('node0', url, {
      en: 'A cluster address means nothing to a node by itself',
      zh: '没有 kube-proxy 时，节点不认识 ClusterIP',
      path: { en: 'node0: no route to 10.96.92.170 ✗', zh: 'node0: 没有路由到 10.96.92.170 ✗' },
      code: 'ENETUNREACH',
      why: {
        en: 'Cluster addresses are in no subnet and on no link. What makes them reachable is what each node is told.',
        zh: 'ClusterIP 不属于任何子网，也不在任何网卡上，全靠每个节点自己的配置才可达。',
      },
    })
    const plan = await trial.step(
      {
        en: 'Tell the director of a service and its endpoints, and ask what it would do',
        zh: '告诉 director 一个 Service 和它的 Endpoints，先看计划',
        classic: `kubectl create service clusterip nginx --clusterip=${address} --tcp=8080:80`,
      },
      async () => {
        director.upsertService({
          metadata: { name: 'nginx' },
          spec: { type: 'ClusterIP', clusterIP: address, ports: [{ name: 'http', port: 8080 }] },
        })
        director.upsertEndpointSlice(clusterEndpoints('nginx'))
        return director.plan()
      },
    )
    trial.show(
      { en: 'The plan, but for sets that stay empty and for rules:', zh: '计划（略去空集合和规则）：' },
      [...String(plan).split('\n')].filter((line) => !/set KUBE|rules|chain/i.test(line)).join('\n'),
    )
    await trial.step(
      {
        en: 'Let it do so',
        zh: '执行',
        classic: [
          'ip link add kube-ipvs0 type dummy',
          `ip addr add ${address}/32 dev kube-ipvs0`,
          `ipset add KUBE-CLUSTER-IP ${address},tcp:8080; ipset add KUBE-IPVS-IPS ${address}`,
          `ipvsadm -A -t ${address}:8080 -s rr`,
          `ipvsadm -a -t ${address}:8080 -r 10.244.1.9:80 -m; ipvsadm -a -t ${address}:8080 -r 10.244.2.6:80 -m`,
        ],
      },
      () => sync(),
    )
    await trial.holds(
      {
        en: 'First: a dummy link kube-ipvs0, which is down and stays down',
        zh: '第一件：创建 dummy 网卡 kube-ipvs0，状态一直是 down',
        why: {
          en: 'It is there to hold addresses. The kernel takes packets for them on any link.',
          zh: '它只用来持有地址；发往这些地址的报文从哪个网卡进来内核都会收。',
        },
      },
      async () => {
        const { kind, up } = await links.get('kube-ipvs0')
        assert.deepEqual({ kind, up }, { kind: 'dummy', up: false })
      },
    )
    await trial.holds(
      {
        en: 'Second: the cluster address is on it, and in the sets that the rules look into',
        zh: '第二件：ClusterIP 添加到该网卡，并加入规则引用的集合',
      },
      async () => {
        assert.deepEqual(
          (await links.addresses('kube-ipvs0')).map((one) => `${one.address}/${one.prefixLength}`),
          [`${address}/32`],
        )
        assert.equal(await sets.has('KUBE-CLUSTER-IP', `${address},tcp:8080`), true)
        assert.equal(await sets.has('KUBE-IPVS-IPS', address), true)
      },
    )
    await trial.holds(
      {
        en: 'Third: a virtual service, whose servers are the endpoints',
        zh: '第三件：创建虚拟服务，后端是所有 Endpoints',
      },
      async () => {
        const [service, ...others] = [...(await ipvs.snapshot())]
        assert.deepEqual(others, [])
        assert.equal(service?.scheduler, 'rr')
        const servers = service.servers.map((server) => `${server.address}:${server.port}`)
        assert.deepEqual(servers.sort(), ['10.244.1.9:80', '10.244.2.6:80'])
      },
    )
    trial.show({ en: 'ipvsadm -Ln:', zh: 'ipvsadm -Ln：' }, formatTable(await ipvs.snapshot()))
    await trial.works('node0', url, {
      en: 'The node reaches the service: both pods answer in turn',
      zh: '节点访问 ClusterIP：两个 Pod 轮流应答',
      path: 'node0: OUTPUT, IPVS (DNAT) → POSTROUTING (SNAT) → node1 → web1 | node2 → web2',
      servers: ['web1', 'web2'],
      client: '192.168.80.100',
    })
    await trial.step(
      {
        en: 'An endpoint goes away',
        zh: '一个 Endpoint 消失',
        classic: [
          'kubectl delete pod web2',
          `ipvsadm -e -t ${address}:8080 -r 10.244.2.6:80 -m -w 0    # drain, then: ipvsadm -d`,
        ],
      },
      async () => {
        const slice = clusterEndpoints('nginx')
        director.upsertEndpointSlice({ ...slice, endpoints: slice.endpoints.slice(0, 1) })
        await sync()
      },
    )
    await trial.works('node0', url, {
      en: 'The other one answers everything',
      zh: '全部由另一个 Pod 应答',
      servers: ['web1'],
      requests: 3,
    })
    await trial.step(
      {
        en: 'Clean up',
        zh: '清理',
        classic: 'kube-proxy --cleanup',
      },
      () => director.cleanup(),
    )
    await trial.holds(
      {
        en: 'Link, sets, services and chains are gone',
        zh: '网卡、集合、虚拟服务和链都不见了',
      },
      async () => {
        assert.ok((await links.list()).every(({ name }) => name !== 'kube-ipvs0'))
        assert.deepEqual(await sets.list(), [])
        assert.deepEqual([...(await ipvs.snapshot())], [])
        assert.doesNotMatch(await trial.command('node0', 'iptables-save'), /KUBE-/)
      },
    )

    async function sync(): Promise<void> {
      const { failed } = await director.sync()
      if (failed[0] !== undefined) throw failed[0].error
    }
  },
})
