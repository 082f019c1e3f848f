/** Case 5: external addresses, and which packets for them are accepted. */
import assert from 'node:assert/strict'
import { clusterEndpoints, clusterNetwork, defineExperiment, Director } from 'ipvs-director'

const external = '192.168.80.200'
const url = `http://${external}:8080/`
const inSet = '-m set --match-set KUBE-EXTERNAL-IP dst,dst'
const inLocalSet = '-m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst'

/** The rules that older versions wrote for this case, of 2022. */
const older = [
  `-A KUBE-SERVICES ${inSet} -j KUBE-MARK-MASQ`,
  `-A KUBE-SERVICES ${inSet} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`,
  `-A KUBE-SERVICES ${inSet} -m addrtype --dst-type LOCAL -j ACCEPT`,
]

export default defineExperiment({
  name: 'external-ip-rules',
  seed: '004',
  title: {
    en: 'iptables, case 5: external addresses',
    zh: 'IPVS 依赖 iptables 的情形 5：externalIPs',
  },
  topology: clusterNetwork(),
  roles: { [external]: 'VIP', '192.168.80.8': 'CIP', '10.244.1.9': 'RIP', '10.244.2.6': 'RIP' },
  record: ['web1', 'web2'],

  async run(trial) {
    const director = new Director(await trial.kernel('node1'), {
      families: ['inet'],
      nodeName: 'node1',
      netns: trial.namespace('node1').path,
    })

    await trial.step(
      {
        en: 'Program an external address on node1',
        zh: '在 node1 上下发带 externalIPs 的 Service',
        classic: [
          `ip addr add ${external}/32 dev kube-ipvs0`,
          `ipvsadm -A -t ${external}:8080 -s rr`,
          `ipvsadm -a -t ${external}:8080 -r 10.244.1.9:80 -m; ipvsadm -a -t ${external}:8080 -r 10.244.2.6:80 -m`,
          `ipset add KUBE-EXTERNAL-IP ${external},tcp:8080`,
        ],
      },
      () => program('Cluster'),
    )
    await trial.works('client', url, {
      en: 'Both pods answer; they see the node',
      zh: '两个 Pod 轮流应答，看到的是节点地址',
      path: {
        en: 'client → node1: KUBE-EXTERNAL-IP (mark, accept) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
        zh: 'client → node1: KUBE-EXTERNAL-IP (打标记，ACCEPT) → IPVS (DNAT) → POSTROUTING (SNAT) → web1 | web2',
      },
      servers: ['web1', 'web2'],
      // The node's address on the link by which it reaches the pod.
      client: { web1: '10.244.1.1', web2: '192.168.80.101' },
    })
    const cluster = await services()
    const now = cluster
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
        en: 'Mark; accept what comes from elsewhere and not over a bridge; accept what is for the node: the three rules of older versions',
        zh: '打标记；ACCEPT 从别处来且不经网桥的；ACCEPT 目的是本机的：与旧版的三条规则相同',
        why: {
          en:
            'ACCEPT ends the way through the table nat, so that no later rule translates the packet a second time. A pod ' +
            'that is bridged goes on, to rules that others may have for it.',
          zh: 'ACCEPT 结束在 nat 表中的匹配，后面的规则不会再做转换；经网桥来的（Pod 的）报文继续匹配后面的规则。',
        },
      },
      async () =>
        assert.deepEqual(
          cluster.filter((rule) => rule.includes('KUBE-EXTERNAL-IP ')),
          [
            `-A KUBE-SERVICES ${inSet} -j KUBE-MARK-MASQ`,
            `-A KUBE-SERVICES ${inSet} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`,
            `-A KUBE-SERVICES ${inSet} -m addrtype --dst-type LOCAL -j ACCEPT`,
          ],
        ),
    )
    await trial.step(
      {
        en: 'Policy Local',
        zh: '改为 Local 策略',
        classic: [
          `ipset del KUBE-EXTERNAL-IP ${external},tcp:8080`,
          `ipset add KUBE-EXTERNAL-IP-LOCAL ${external},tcp:8080`,
          `ipvsadm -d -t ${external}:8080 -r 10.244.2.6:80`,
        ],
      },
      () => program('Local'),
    )
    await trial.works('client', url, {
      en: 'The node’s own pod answers, and sees the client',
      zh: '只有本节点的 Pod 应答，看到真实的客户端地址',
      path: {
        en: 'client → node1: KUBE-EXTERNAL-IP-LOCAL (accept, no mark) → IPVS (DNAT) → web1',
        zh: 'client → node1: KUBE-EXTERNAL-IP-LOCAL (ACCEPT，不打标记) → IPVS (DNAT) → web1',
      },
      servers: ['web1'],
      client: '192.168.80.8',
      requests: 3,
    })
    await trial.holds(
      {
        en: 'A set that older versions did not have, KUBE-EXTERNAL-IP-LOCAL: the same rules but for the mark',
        zh: '旧版没有的集合 KUBE-EXTERNAL-IP-LOCAL：规则相同，只是不打标记',
      },
      async () => {
        const local = await services()
        assert.ok(!local.some((rule) => rule.includes('KUBE-EXTERNAL-IP ')))
        assert.deepEqual(
          local.filter((rule) => rule.includes(inLocalSet)).map((rule) => rule.slice(rule.indexOf('-j '))),
          ['-j ACCEPT', '-j ACCEPT'],
        )
      },
    )

    async function program(externalTrafficPolicy: 'Cluster' | 'Local'): Promise<void> {
      director.upsertService({
        metadata: { name: 'nginx-extip' },
        spec: {
          clusterIP: '10.96.0.30',
          externalIPs: [external],
          externalTrafficPolicy,
          ports: [{ name: 'http', port: 8080 }],
        },
      })
      director.upsertEndpointSlice(clusterEndpoints('nginx-extip'))
      const { failed } = await director.sync()
      assert.deepEqual(failed, [])
    }

    async function services(): Promise<string[]> {
      const nat = await trial.command('node1', 'iptables-save -t nat')
      const rules = nat.replaceAll(/ -m comment --comment "[^"]*"/g, '').split('\n')
      return rules.filter((rule) => rule.startsWith('-A KUBE-SERVICES'))
    }
  },
})
