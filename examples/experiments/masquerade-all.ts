/** Case 1: masquerade everything that goes to a cluster address. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director } from 'ipvs-director'

const address = '10.96.0.10'
const url = `http://${address}:8080/`

/** The rules that older versions wrote for this case, of 2022. */
const older = [
  '-A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE',
  '-A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE',
  '-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
  '-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT',
]

export default defineExperiment({
  name: 'masquerade-all',
  seed: '004',
  title: {
    en: 'iptables, case 1: --masquerade-all=true',
    zh: 'IPVS 依赖 iptables 的情形 1：--masquerade-all=true',
  },
  topology: clusterNetwork(),
  roles: { [address]: 'VIP', '10.244.1.9': 'RIP and CIP', '10.244.2.6': 'RIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    await trial.step(
      {
        en: 'Program a service on node1, as it is by default',
        zh: '在 node1 上下发 Service（默认设置）',
        classic: [
          'kube-proxy --proxy-mode=ipvs    # does this:',
          `ip addr add ${address}/32 dev kube-ipvs0`,
          `ipvsadm -A -t ${address}:8080 -s rr`,
          `ipvsadm -a -t ${address}:8080 -r 10.244.1.9:80 -m; ipvsadm -a -t ${address}:8080 -r 10.244.2.6:80 -m`,
          `ipset add KUBE-CLUSTER-IP ${address},tcp:8080`,
        ],
      },
      () => program(false),
    )
    await trial.holds(
      {
        en: 'A pod’s request keeps its source on the way to a pod elsewhere',
        zh: 'Pod 访问其他节点的 Pod：源地址不变',
        path: 'web1 → node1: IPVS (DNAT) → node2 → web2',
      },
      async () => assert.equal(await sourceAtWeb2(), '10.244.1.9'),
    )
    await trial.step(
      {
        en: 'Masquerade all',
        zh: '对所有访问 ClusterIP 的流量做 SNAT',
        classic: [
          'kube-proxy --proxy-mode=ipvs --masquerade-all=true',
          'iptables -t nat -A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
        ],
      },
      () => program(true),
    )
    await trial.holds(
      {
        en: 'Now the pod elsewhere sees the node',
        zh: '此时对方看到的是节点地址',
        path: {
          en: 'web1 → node1: KUBE-SERVICES (mark 0x4000) → IPVS (DNAT) → KUBE-POSTROUTING (SNAT) → node2 → web2',
          zh: 'web1 → node1: KUBE-SERVICES (标记 0x4000) → IPVS (DNAT) → KUBE-POSTROUTING (SNAT) → node2 → web2',
        },
        why: {
          en: 'Every packet for an entry of KUBE-CLUSTER-IP gets the mark, wherever it comes from.',
          zh: '凡目的在 KUBE-CLUSTER-IP 集合中的报文都打上标记，不论来自哪里。',
        },
      },
      async () => assert.equal(await sourceAtWeb2(), '192.168.80.101'),
    )
    const rules = (await trial.command('node1', 'iptables-save -t nat')).replaceAll(
      / -m comment --comment "[^"]*"/g,
      '',
    )
    const now = rules.split('\n').filter((line) => /^-A KUBE-(POSTROUTING|SERVICES)/.test(line))
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
        en: 'KUBE-SERVICES: as it always was, by one set: mark, then accept',
        zh: 'KUBE-SERVICES：与旧版相同，只用一个集合：先打标记，再 ACCEPT',
      },
      async () =>
        assertInOrder(rules, [
          '-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ',
          '-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT',
        ]),
    )
    await trial.holds(
      {
        en: 'KUBE-POSTROUTING: older versions matched the mark and masqueraded; now who has no mark returns, the mark is taken off, then MASQUERADE --random-fully',
        zh: 'KUBE-POSTROUTING：旧版匹配标记后 MASQUERADE；现在没有标记的先 RETURN，再去掉标记，最后 MASQUERADE --random-fully',
        why: {
          en:
            'A packet may pass POSTROUTING a second time, in a tunnel for instance: without its mark it is not masqueraded ' +
            'again. Random ports keep two packets that race for one port from losing.',
          zh: '报文可能再次经过 POSTROUTING（例如隧道封装后）：去掉标记可避免重复 SNAT。随机端口可减少端口竞争导致的丢包。',
        },
      },
      async () =>
        assertInOrder(rules, [
          '-A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE',
          '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
          '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
          '-A KUBE-POSTROUTING -j MASQUERADE --random-fully',
        ]),
    )
    await trial.holds(
      {
        en: 'KUBE-SERVICES begins with a RETURN for 127.0.0.0/8, which is new: the node’s own loopback traffic is none of it',
        zh: 'KUBE-SERVICES 开头多了一条：127.0.0.0/8 直接 RETURN，本机回环流量与服务无关',
      },
      async () => assert.match(rules, /-A KUBE-SERVICES -s 127\.0\.0\.0\/8 -j RETURN/),
    )

    async function program(masqueradeAll: boolean): Promise<void> {
      const director = new Director(await trial.kernel('node1'), {
        families: ['inet'],
        nodeName: 'node1',
        netns: trial.namespace('node1').path,
        masqueradeAll,
      })
      director.upsertService({
        metadata: { name: 'nginx' },
        spec: { clusterIP: address, ports: [{ name: 'http', port: 8080 }] },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx'))
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }

    /** Of two requests one goes to the pod on the other node. */
    async function sourceAtWeb2(): Promise<string | undefined> {
      const answers = await Promise.allSettled([1, 2].map(() => trial.ask('web1', url, 1)))
      const values = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      return values.find(({ server }) => server === 'web2')?.client
    }
  },
})

function assertInOrder(text: string, lines: readonly string[]): void {
  const places = lines.map((line) => text.indexOf(`${line}\n`))
  for (const [index, place] of places.entries()) assert.notEqual(place, -1, lines[index])
  assert.deepEqual(
    [...places].sort((one, other) => one - other),
    places,
  )
}
