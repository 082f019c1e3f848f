/** The same connections seen twice: in conntrack's table, and in the one of IPVS. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director, type Flow } from 'ipvs-director'

const normal = '10.97.149.174'
const sticky = '10.100.212.172'

export default defineExperiment({
  name: 'flows',
  seed: '003',
  title: {
    en: 'The flows of a service in conntrack: what the client asked for, and who answers',
    zh: '用 conntrack 追踪链路：客户端访问的地址与实际应答的 Pod',
  },
  topology: clusterNetwork(),
  roles: {
    [normal]: 'VIP',
    [sticky]: 'VIP',
    '10.244.1.9': 'RIP',
    '10.244.2.6': 'RIP',
    '192.168.80.100': 'DIP',
  },
  record: ['web1', 'web2'],

  async run(trial) {
    const { conntrack, ipvs, sysctls } = await trial.kernel('node0')
    const director = new Director(await trial.kernel('node0'), {
      families: ['inet'],
      nodeName: 'node0',
      netns: trial.namespace('node0').path,
    })

    await trial.step(
      {
        en: 'Program two services, one of them with session affinity',
        zh: '下发两个 Service，其中一个开启会话保持',
        classic: [
          `ipvsadm -A -t ${normal}:8080 -s rr    # …`,
          `ipvsadm -A -t ${sticky}:8080 -s rr -p 10800    # …`,
        ],
      },
      async () => {
        const ports = [{ name: 'http', port: 8080 }]
        director.upsertService({ metadata: { name: 'nginx' }, spec: { clusterIP: normal, ports } })
        director.upsertService({
          metadata: { name: 'nginx-session' },
          spec: { clusterIP: sticky, ports, sessionAffinity: 'ClientIP' },
        })
        for (const name of ['nginx', 'nginx-session']) director.upsertEndpointSlice(clusterEndpoints(name))
        const { failed } = await director.sync()
        assert.deepEqual(failed, [])
      },
    )
    await trial.works('node0', `http://${normal}:8080/`, {
      en: 'Four requests to the first one: both pods answer in turn',
      zh: '访问第一个服务四次：两个 Pod 轮流应答',
      path: {
        en: 'node0: OUTPUT (mark) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        zh: 'node0: OUTPUT (打标记) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
      },
      servers: ['web1', 'web2'],
      client: '192.168.80.100',
    })
    const flows = await flowsTo(normal)
    trial.show(
      { en: `conntrack -L -d ${normal}:`, zh: `conntrack -L -d ${normal}：` },
      flows.map(line).join('\n'),
    )
    await trial.holds(
      {
        en: 'Each flow: from the VIP to the VIP, as the node asked; answered by a pod, to the node’s own address',
        zh: '每个流：原方向的目的地址是 VIP；应答方向的源是 Pod，目的是节点地址（DNAT 与 SNAT 都可见）',
        why: {
          en:
            'The first half is what the client sent. The second is what the answer looks like: its source shows what IPVS ' +
            'made of the destination, its destination what MASQUERADE made of the source.',
          zh: '前半是客户端发出的；后半是应答应有的样子：源体现 IPVS 的 DNAT，目的体现 MASQUERADE 的 SNAT。',
        },
      },
      async () => {
        assert.equal(flows.length, 4)
        const pods = flows.map(({ reply }) => reply.source).sort()
        assert.deepEqual(pods, ['10.244.1.9', '10.244.1.9', '10.244.2.6', '10.244.2.6'])
        for (const { reply, status } of flows) {
          assert.deepEqual([reply.sourcePort, reply.destination], [80, '192.168.80.100'])
          assert.ok(status.includes('assured') && status.includes('src-nat'), status.join())
        }
      },
    )
    await trial.holds(
      {
        en: 'IPVS has the same four connections in its own table',
        zh: 'IPVS 自己的连接表里也有这四个连接',
      },
      async () => {
        const connections = (await ipvs.connections()).filter((one) => one.virtual.address === normal)
        const pods = new Map(connections.map(({ client, server }) => [client.port, server.address]))
        for (const { original, reply } of flows)
          assert.equal(pods.get(original.sourcePort ?? 0), reply.source)
      },
    )
    await trial.works('node0', `http://${sticky}:8080/`, {
      en: 'Three requests to the one with affinity: one pod answers them all',
      zh: '访问会话保持的服务三次：始终是同一个 Pod 应答',
      servers: [(await trial.ask('node0', `http://${sticky}:8080/`)).server],
      client: '192.168.80.100',
      requests: 3,
    })
    const kept = await flowsTo(sticky)
    trial.show(
      { en: `conntrack -L -d ${sticky}:`, zh: `conntrack -L -d ${sticky}：` },
      kept.map(line).join('\n'),
    )
    await trial.holds(
      {
        en: 'All of its flows end at the same pod',
        zh: '链路始终指向同一个 Pod',
      },
      async () => {
        assert.equal(kept.length, 4)
        assert.equal(new Set(kept.map(({ reply }) => reply.source)).size, 1)
      },
    )
    await trial.step(
      {
        en: 'Let IPVS keep its connections to itself',
        zh: '关闭 vs.conntrack',
        classic: ['sysctl net.ipv4.vs.conntrack=0', 'conntrack -F'],
      },
      async () => {
        await sysctls.set('net.ipv4.vs.conntrack', 0)
        await conntrack.flush()
      },
    )
    await trial.fails('node0', `http://${normal}:8080/`, {
      en: 'Now the pod sees the VIP as its client, and its answer leads nowhere',
      zh: 'Pod 看到的源地址成了 VIP，应答无处可去',
      path: {
        en: 'node0: IPVS (DNAT; source stays VIP) → web ─to VIP→ node ✗ no route',
        zh: 'node0: IPVS (DNAT; 源仍为 VIP) → web ─目的为 VIP→ node ✗ 没有路由',
      },
      why: {
        en:
          'conntrack does not follow the packets of IPVS any more, so that the rule that masquerades never sees them. The ' +
          'node uses the VIP as its source; nodes without this service do not know it.',
        zh: 'conntrack 不再跟踪 IPVS 的报文，MASQUERADE 不生效；源地址是 VIP，其他节点不认识它。',
      },
    })
    await trial.holds(
      {
        en: 'and conntrack has no flow through the service',
        zh: 'conntrack 中没有经过该服务的流',
      },
      async () => {
        const translated = (await flowsTo(normal)).filter(({ reply }) => reply.source !== normal)
        assert.deepEqual(translated, [])
      },
    )

    async function flowsTo(destination: string): Promise<Flow[]> {
      return conntrack.flows({ protocol: 'tcp', original: { destination } })
    }
  },
})

/** As conntrack prints it, without what is about TCP and about the entry itself. */
function line({ original, reply, status }: Flow): string {
  const [one, other] = [original, reply].map(
    ({ source, destination, sourcePort, destinationPort }) =>
      `src=${source} dst=${destination} sport=${sourcePort} dport=${destinationPort}`,
  )
  return `tcp ${one} ${other}${status.includes('assured') ? ' [ASSURED]' : ''}`
}
