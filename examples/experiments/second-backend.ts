/** A second server joins a service that is in use. */
import assert from 'node:assert/strict'
import { Batch, containerNetwork, defineExperiment } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.100.100.100', port: 8080 } as const
const url = 'http://10.100.100.100:8080/'
const rule = 'iptables -t nat -A POSTROUTING -m set --match-set DUSTIN-LOOP-BACK dst,dst,src -j MASQUERADE'

export default defineExperiment({
  name: 'second-backend',
  seed: '001',
  title: {
    en: 'A second server joins: round robin is seen',
    zh: '新增后端：轮询算法生效',
  },
  topology: containerNetwork({
    bridge: 'bridge_home',
    containers: { dustin: '10.0.0.11', leah: '10.0.0.21' },
  }),
  roles: { '10.100.100.100': 'VIP', '10.0.0.11': 'RIP', '10.0.0.21': 'RIP' },
  record: ['dustin', 'leah'],

  async run(trial) {
    const host = await trial.kernel('host')

    await trial.step(
      {
        en: 'The service with one server, and the set that masquerades who reaches itself',
        zh: '一个后端的虚拟服务，以及 DUSTIN-LOOP-BACK 集合和规则',
        classic: [
          'ip link add dustin-ipvs0 type dummy; ip addr add 10.100.100.100/32 dev dustin-ipvs0',
          'ipvsadm -A -t 10.100.100.100:8080 -s rr',
          'ipset create DUSTIN-LOOP-BACK hash:ip,port,ip',
          'sysctl net.ipv4.vs.conntrack=1 net.bridge.bridge-nf-call-iptables=1',
          'ip link set bridge_home promisc on',
          rule,
        ],
      },
      async () => {
        await host.links.createDummy('dustin-ipvs0')
        await host.links.addAddress('dustin-ipvs0', '10.100.100.100/32')
        await host.ipvs.addService({ ...service, scheduler: 'rr' })
        await host.sets.create('DUSTIN-LOOP-BACK', 'hash:ip,port,ip')
        await host.sysctls.set('net.ipv4.vs.conntrack', 1)
        await trial.command('host', 'modprobe br_netfilter').catch(() => undefined)
        await host.sysctls.set('net.bridge.bridge-nf-call-iptables', 1)
        await trial.command('host', 'ip link set bridge_home promisc on')
        await trial.command('host', rule)
      },
    )
    await join('dustin', '10.0.0.11')
    await trial.works('host', url, {
      en: 'dustin answers every request',
      zh: '所有请求都由 dustin 应答',
      servers: ['dustin'],
      requests: 4,
    })
    await join('leah', '10.0.0.21')
    await trial.works('host', url, {
      en: 'dustin and leah answer in turn',
      zh: 'dustin 与 leah 轮流应答',
      path: 'host: IPVS (DNAT, rr) → dustin | leah → host',
      servers: ['dustin', 'leah'],
    })
    await trial.works('leah', url, {
      en: 'also for one of them: leah is answered by dustin and by itself',
      zh: '从 leah 访问：dustin 和它自己轮流应答',
      path: {
        en: 'leah → host: IPVS (DNAT, rr) → dustin, or SNAT → leah',
        zh: 'leah → host: IPVS (DNAT, rr) → dustin 或 SNAT → leah',
      },
      servers: ['dustin', 'leah'],
    })
    await trial.holds(
      {
        en: 'Only what came back to leah was masqueraded: dustin saw leah, leah saw the host',
        zh: '只有转回 leah 自己的请求被 MASQUERADE：dustin 看到 leah，leah 看到 host',
      },
      async () => {
        const requests = (await trial.packets()).filter(({ flags }) => flags === 'SYN')
        // What leah itself sends is recorded at leah, too: that goes to the VIP.
        const sourceAt = (rip: string) =>
          new Set(requests.filter(({ destination }) => destination === rip).map(({ source }) => source))
        assert.deepEqual([...sourceAt('10.0.0.11')], ['10.0.0.21'])
        assert.deepEqual([...sourceAt('10.0.0.21')], ['10.0.0.1'])
      },
    )

    /** Server and set entry in one batch. */
    async function join(name: string, address: string): Promise<void> {
      await trial.step(
        {
          en: `${name} becomes a server of the service`,
          zh: `把 ${name} 加入虚拟服务的后端`,
          classic: [
            `ipvsadm -a -t 10.100.100.100:8080 -r ${address}:8080 -m`,
            `ipset add DUSTIN-LOOP-BACK ${address},tcp:8080,${address}`,
          ],
        },
        async () => {
          const batch = new Batch()
            .addServer(service, { address, port: 8080, forwarding: 'masquerade' })
            .addEntry('DUSTIN-LOOP-BACK', `${address},tcp:8080,${address}`)
          const { failed } = await host.commit(batch)
          if (failed[0] !== undefined) throw failed[0].error
        },
      )
    }
  },
})
