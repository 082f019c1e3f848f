/** sessionAffinity: ClientIP is persistence of IPVS: one client, one server, for three hours. */
import assert from 'node:assert/strict'
import {
  clusterEndpoints,
  clusterNetwork,
  defineExperiment,
  Director,
  formatTable,
  type KubernetesService,
} from 'ipvs-director'

const address = '10.103.193.204'
const url = `http://${address}:8080/`

export default defineExperiment({
  name: 'session-affinity',
  seed: '003',
  title: {
    en: 'Session affinity: persistent 10800, the same client stays',
    zh: '会话保持：persistent 10800，同一客户端始终到同一后端',
  },
  topology: clusterNetwork(),
  roles: { [address]: 'VIP', '10.244.1.9': 'RIP', '10.244.2.6': 'RIP', '192.168.80.8': 'CIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    const { ipvs } = await trial.kernel('node0')
    const director = new Director(await trial.kernel('node0'), {
      families: ['inet'],
      nodeName: 'node0',
      netns: trial.namespace('node0').path,
      localTraffic: { kind: 'cidrs', cidrs: ['10.244.0.0/16'] },
    })

    await trial.step(
      {
        en: 'Program a service with sessionAffinity: ClientIP',
        zh: '下发 sessionAffinity: ClientIP 的 Service',
        classic: [
          `ipvsadm -A -t ${address}:8080 -s rr -p 10800`,
          `ipvsadm -a -t ${address}:8080 -r 10.244.1.9:80 -m`,
          `ipvsadm -a -t ${address}:8080 -r 10.244.2.6:80 -m`,
        ],
      },
      () => program('ClientIP'),
    )
    trial.show({ en: 'ipvsadm -Ln:', zh: 'ipvsadm -Ln：' }, formatTable(await ipvs.snapshot()))
    await trial.holds(
      {
        en: 'The service is persistent for 10800 seconds, as the default of Kubernetes says',
        zh: '虚拟服务的持久时间是 10800 秒，即 Kubernetes 的默认值',
      },
      async () => {
        const [service] = [...(await ipvs.snapshot())]
        assert.equal(service?.persistence?.timeoutSeconds, 10800)
      },
    )
    await trial.step(
      {
        en: 'Show the client outside the way, to have a second client',
        zh: '给集群外的 client 加一条路由，作为第二个客户端',
        classic: `ip route add ${address} via 192.168.80.100`,
      },
      () => trial.namespace('client').addRoute({ to: `${address}/32`, via: '192.168.80.100' }),
    )
    await trial.holds(
      {
        en: 'Each client is answered by one pod, however often it asks; the two clients by different ones',
        zh: '每个客户端无论访问多少次都到同一个 Pod；两个客户端分到不同的 Pod',
        path: {
          en: 'node0 → IPVS (rr the first time, then its template) → one pod; client → the other one',
          zh: 'node0 → IPVS (rr 第一次，之后按模板) → 一个 Pod；client → 另一个',
        },
      },
      async () => {
        const stays = [await answers('node0', 4), await answers('client', 4)]
        for (const servers of stays) assert.equal(servers.length, 1, servers.join())
        assert.deepEqual(stays.flat().sort(), ['web1', 'web2'])
      },
    )
    await trial.holds(
      {
        en: 'IPVS remembers each client in a template: client port 0, kept for three hours',
        zh: 'IPVS 用模板记录每个客户端：源端口为 0，保留三小时',
      },
      async () => {
        const templates = (await ipvs.connections()).filter(({ client }) => client.port === 0)
        assert.equal(templates.length, 2)
        for (const { expiresSeconds } of templates)
          assert.ok(expiresSeconds > 10_000 && expiresSeconds <= 10_800, `${expiresSeconds} s`)
      },
    )
    await trial.step(
      {
        en: 'Take the affinity away',
        zh: '取消会话保持',
        classic: `ipvsadm -E -t ${address}:8080 -s rr`,
      },
      () => program('None'),
    )
    await trial.works('node0', url, {
      en: 'The same client is answered in turn, at once: a template counts only while its service is persistent',
      zh: '同一客户端立即轮流访问两个 Pod：服务不再持久，模板就不起作用',
      servers: ['web1', 'web2'],
      client: '192.168.80.100',
    })

    async function program(sessionAffinity: 'ClientIP' | 'None'): Promise<void> {
      const service: KubernetesService = {
        metadata: { name: 'nginx-session' },
        spec: { clusterIP: address, sessionAffinity, ports: [{ name: 'http', port: 8080 }] },
      }
      director.upsertService(service)
      director.upsertEndpointSlice(clusterEndpoints('nginx-session'))
      const { failed } = await director.sync()
      if (failed[0] !== undefined) throw failed[0].error
    }

    /** Who answered, each once. */
    async function answers(from: string, requests: number): Promise<string[]> {
      const servers = new Set<string>()
      for (let request = 0; request < requests; request++) servers.add((await trial.ask(from, url)).server)
      return [...servers]
    }
  },
})
