/** Services without a virtual address: headless and ExternalName are a matter of DNS, and leave the kernel alone. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director } from 'ipvs-director'

export default defineExperiment({
  name: 'headless',
  seed: '003',
  title: {
    en: 'Headless and ExternalName: nothing in the kernel',
    zh: 'Headless 与 ExternalName：内核中什么都没有',
  },
  topology: clusterNetwork(),
  roles: { '10.244.1.9': 'RIP', '10.244.2.6': 'RIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    const { ipvs, links, sets } = await trial.kernel('node0')
    const director = new Director(await trial.kernel('node0'), {
      families: ['inet'],
      nodeName: 'node0',
      netns: trial.namespace('node0').path,
    })

    await trial.step(
      {
        en: 'Program a headless service, and one that is a name for something elsewhere',
        zh: '下发一个 headless 服务和一个 ExternalName 服务',
        classic: [
          'kubectl create service clusterip nginx-headless --clusterip=None --tcp=8080:80',
          'kubectl create service externalname ext-name-svc --external-name=example.com',
        ],
      },
      async () => {
        director.upsertService({
          metadata: { name: 'nginx-headless' },
          spec: { type: 'ClusterIP', clusterIP: 'None', ports: [{ name: 'http', port: 8080 }] },
        })
        director.upsertEndpointSlice(clusterEndpoints('nginx-headless'))
        director.upsertService({ metadata: { name: 'ext-name-svc' }, spec: { type: 'ExternalName' } })
        const { failed } = await director.sync()
        assert.deepEqual(failed, [])
      },
    )
    await trial.holds(
      {
        en: 'No virtual service, no address, no entry in any set',
        zh: '没有虚拟服务，没有地址，所有集合都是空的',
        why: {
          en:
            'Such a name stands for the pods themselves, or for another name: DNS says it to the client, and there is ' +
            'nothing to balance in the kernel.',
          zh: '这类名字由 DNS 直接解析成各个 Pod 的地址（或另一个域名），内核里没有要做的负载均衡。',
        },
      },
      async () => {
        assert.deepEqual([...(await ipvs.snapshot())], [])
        assert.deepEqual(await links.addresses('kube-ipvs0'), [])
        for (const { name, entries } of await sets.list()) assert.equal(entries, 0, name)
      },
    )
    await trial.holds(
      {
        en: 'and no rule that speaks of a set: only the frame that is always there',
        zh: '也没有引用集合的规则，只有固定的框架',
      },
      async () => {
        const matching =
          (await trial.command('node0', 'iptables-save -t nat')).match(/--match-set \S+/g) ?? []
        assert.deepEqual(matching, [])
      },
    )
    for (const [address, server] of [
      ['10.244.1.9', 'web1'],
      ['10.244.2.6', 'web2'],
    ] as const)
      await trial.works('node0', `http://${address}/`, {
        en: `A client that DNS gave ${address} reaches ${server} directly`,
        zh: `客户端从 DNS 得到 ${address}，直接访问 ${server}`,
        path: { en: `node0 → ${server}, no IPVS`, zh: `node0 → ${server}, 不经过 IPVS` },
        servers: [server],
        client: '192.168.80.100',
      })
    await trial.step(
      {
        en: 'Give the service a cluster address after all',
        zh: '对比：给服务分配 ClusterIP',
        classic: 'ipvsadm -A -t 10.96.0.80:8080 -s rr    # …',
      },
      async () => {
        director.upsertService({
          metadata: { name: 'nginx-headless' },
          spec: { type: 'ClusterIP', clusterIP: '10.96.0.80', ports: [{ name: 'http', port: 8080 }] },
        })
        const { failed } = await director.sync()
        assert.deepEqual(failed, [])
      },
    )
    await trial.works('node0', 'http://10.96.0.80:8080/', {
      en: 'Now the kernel balances',
      zh: '此时由内核做负载均衡',
      path: 'node0: IPVS (DNAT, rr) → web1 | web2',
      servers: ['web1', 'web2'],
    })
  },
})
