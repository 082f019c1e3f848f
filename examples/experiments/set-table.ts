/** The sets of kube-proxy's IPVS mode with what is in them; and that rules do not grow with services. */
import assert from 'node:assert/strict'
import {
  clusterEndpoints,
  clusterNetwork,
  defineExperiment,
  Director,
  formatEntry,
  type KubernetesService,
} from 'ipvs-director'

const many = 100

export default defineExperiment({
  name: 'set-table',
  seed: '004',
  title: {
    en: 'The sets of kube-proxy, and why the number of rules stays',
    zh: 'kube-proxy 的 ipset 表，以及规则数量为何不变',
  },
  topology: clusterNetwork(),
  roles: { '10.96.0.10': 'VIP', '192.168.80.200': 'VIP', '10.244.1.9': 'RIP', '10.244.2.6': 'RIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    const { ipvs, sets } = await trial.kernel('node1')
    const director = new Director(await trial.kernel('node1'), {
      families: ['inet'],
      nodeName: 'node1',
      netns: trial.namespace('node1').path,
    })

    await trial.step(
      {
        en: 'Program services of every kind',
        zh: '下发各种类型的 Service',
        classic: [
          'kubectl create service clusterip cluster --clusterip=10.96.0.10 --tcp=80',
          'kubectl create service nodeport node-port --node-port=30080 --tcp=80    # and so on, one of each kind',
        ],
      },
      async () => {
        for (const pod of ['web1', 'web2']) await trial.namespace(pod).serve({ protocol: 'udp', port: 80 })
        for (const service of everyKind()) upsert(service)
        await sync()
      },
    )
    const members = new Map<string, string[]>()
    for (const { name } of await sets.list())
      members.set(name, (await sets.entries(name)).map((entry) => formatEntry(entry)).sort())
    const width = Math.max(...[...members.keys()].map((name) => name.length))
    trial.show(
      { en: 'The sets with their members:', zh: '各集合及其成员：' },
      [...members].map(([name, entries]) => `${name.padEnd(width)}  ${entries.join(' ') || '-'}`).join('\n'),
    )
    const table = {
      'KUBE-LOOP-BACK': /^10\.244\.1\.9,(tcp|udp):80,10\.244\.1\.9$/,
      'KUBE-CLUSTER-IP': /^10\.96\.0\.\d+,(tcp:80|udp:53)$/,
      'KUBE-EXTERNAL-IP': /^192\.168\.80\.201,tcp:80$/,
      'KUBE-LOAD-BALANCER': /^192\.168\.80\.20[02],tcp:80$/,
      'KUBE-LOAD-BALANCER-LOCAL': /^192\.168\.80\.202,tcp:80$/,
      'KUBE-LOAD-BALANCER-FW': /^192\.168\.80\.200,tcp:80$/,
      'KUBE-LOAD-BALANCER-SOURCE-CIDR': /^192\.168\.80\.200,tcp:80,192\.168\.80\.0\/24$/,
      'KUBE-NODE-PORT-TCP': /^3008[01]$/,
      'KUBE-NODE-PORT-LOCAL-TCP': /^30081$/,
      'KUBE-NODE-PORT-UDP': /^3005[34]$/,
      'KUBE-NODE-PORT-LOCAL-UDP': /^30054$/,
    }
    await trial.holds(
      {
        en: 'Each set of the document’s table holds what the table says',
        zh: '文档表格中的每个集合都有表中所说的成员',
      },
      async () => {
        for (const [name, form] of Object.entries(table)) {
          const entries = members.get(name) ?? []
          assert.ok(entries.length > 0, `${name} is empty`)
          for (const entry of entries) assert.match(entry, form, name)
        }
      },
    )
    await trial.holds(
      {
        en: 'Sets that the document does not know yet: for SCTP, health checks, external Local, and the addresses of kube-ipvs0',
        zh: '文档之后新增的集合：SCTP、健康检查、externalIPs 的 Local 策略、kube-ipvs0 上的地址',
      },
      async () => {
        const added = [...members.keys()].filter((name) => !(name in table)).sort()
        assert.deepEqual(added, [
          'KUBE-EXTERNAL-IP-LOCAL',
          'KUBE-HEALTH-CHECK-NODE-PORT',
          'KUBE-IPVS-IPS',
          'KUBE-LOAD-BALANCER-SOURCE-IP',
          'KUBE-NODE-PORT-LOCAL-SCTP-HASH',
          'KUBE-NODE-PORT-SCTP-HASH',
        ])
      },
    )
    for (const node of ['192.168.80.101', '192.168.70.101']) {
      await trial.works('client', `udp://${node}:30053`, {
        en: `The UDP node port of policy Cluster at ${node}: both pods answer`,
        zh: `${node} 的 UDP NodePort（Cluster）：两个 Pod 轮流应答`,
        servers: ['web1', 'web2'],
        client: { web1: '10.244.1.1', web2: '192.168.80.101' },
      })
      await trial.works('client', `udp://${node}:30054`, {
        en: `and that of policy Local: the node’s own pod answers, and sees the client`,
        zh: `Local 策略：只有本节点的 Pod 应答，看到真实的客户端地址`,
        servers: ['web1'],
        client: node.replace('.101', '.8'),
        requests: 3,
      })
    }
    const before = await rules()
    await trial.step(
      {
        en: `Program ${many} services more`,
        zh: `再下发 ${many} 个 Service`,
        classic: `for i in $(seq ${many}); do kubectl create service clusterip more-$i --clusterip=10.97.0.$i --tcp=80; done`,
      },
      async () => {
        for (let index = 1; index <= many; index++)
          upsert({
            metadata: { name: `more-${index}` },
            spec: { clusterIP: `10.97.0.${index}`, ports: [{ name: 'http', port: 80 }] },
          })
        await sync()
      },
    )
    await trial.holds(
      {
        en: `There are ${many} services and entries more, and not a rule`,
        zh: `多了 ${many} 个虚拟服务和集合成员，规则一条也没有增加`,
        why: {
          en:
            'Rules name sets, and only sets grow. iptables is a list that a packet goes through from top to bottom; a set ' +
            'and the table of IPVS are hashes, where many cost what one does.',
          zh: '规则只引用集合，增长的只是集合。iptables 规则要逐条匹配，而集合和 IPVS 都是哈希表，查找时间与数量无关。',
        },
      },
      async () => {
        assert.deepEqual(await rules(), before)
        const entries = (members.get('KUBE-CLUSTER-IP') ?? []).length + many
        assert.equal((await sets.header('KUBE-CLUSTER-IP')).entries, entries)
        assert.ok([...(await ipvs.snapshot())].length > many)
      },
    )
    for (const address of ['10.96.0.10', `10.97.0.${many}`])
      await trial.works('node1', `http://${address}/`, {
        en: `The ${address === '10.96.0.10' ? 'first' : 'last'} of them is answered by both pods`,
        zh: `${address === '10.96.0.10' ? '第一个' : '最后一个'}服务可以访问，两个 Pod 轮流应答`,
        servers: ['web1', 'web2'],
      })

    function upsert(service: KubernetesService): void {
      director.upsertService(service)
      const { ports, metadata, ...slice } = clusterEndpoints(service.metadata?.name ?? '')
      const protocol = service.spec?.ports?.[0]?.protocol ?? 'TCP'
      director.upsertEndpointSlice({
        ...slice,
        metadata,
        ports: ports.map((port) => ({ ...port, protocol })),
      })
    }

    async function sync(): Promise<void> {
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }

    async function rules(): Promise<string[]> {
      const text = await trial.command('node1', 'iptables-save')
      return text.split('\n').filter((line) => line.startsWith('-A'))
    }
  },
})

function everyKind(): KubernetesService[] {
  const http = { name: 'http', port: 80 }
  const dns = { name: 'http', protocol: 'UDP', port: 53 }
  const balancer = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } })
  return [
    { metadata: { name: 'cluster' }, spec: { clusterIP: '10.96.0.10', ports: [http] } },
    {
      metadata: { name: 'external' },
      spec: { clusterIP: '10.96.0.11', ports: [http], externalIPs: ['192.168.80.201'] },
    },
    {
      metadata: { name: 'balancer' },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.12',
        ports: [http],
        loadBalancerSourceRanges: ['192.168.80.0/24'],
      },
      status: balancer('192.168.80.200'),
    },
    {
      metadata: { name: 'balancer-local' },
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.13', ports: [http], externalTrafficPolicy: 'Local' },
      status: balancer('192.168.80.202'),
    },
    {
      metadata: { name: 'node-port' },
      spec: { type: 'NodePort', clusterIP: '10.96.0.14', ports: [{ ...http, nodePort: 30080 }] },
    },
    {
      metadata: { name: 'node-port-local' },
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.15',
        ports: [{ ...http, nodePort: 30081 }],
        externalTrafficPolicy: 'Local',
      },
    },
    {
      metadata: { name: 'node-port-udp' },
      spec: { type: 'NodePort', clusterIP: '10.96.0.16', ports: [{ ...dns, nodePort: 30053 }] },
    },
    {
      metadata: { name: 'node-port-udp-local' },
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.17',
        ports: [{ ...dns, nodePort: 30054 }],
        externalTrafficPolicy: 'Local',
      },
    },
  ]
}
