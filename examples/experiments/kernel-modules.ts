/** What the kernel must have: asked without a look at lsmod, and loaded where it comes as modules. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { defineExperiment, directorNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.1.0.100', port: 80 } as const
const wanted = ['rr', 'wrr', 'sh'] as const

export default defineExperiment({
  name: 'kernel-modules',
  seed: '003',
  title: {
    en: 'Kernel support: what there is, and what loads by itself',
    zh: '内核支持：检查与加载模块',
  },
  topology: directorNetwork(),
  roles: {
    '10.1.0.2': 'CIP',
    '10.1.0.1': 'DIP',
    '10.1.0.100': 'VIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
  },
  record: ['rs1', 'rs2'],

  async run(trial) {
    const director = await trial.kernel('director')

    const capabilities = await trial.step(
      {
        en: 'Ask the kernel what it has',
        zh: '询问内核支持什么',
        classic: [
          'lsmod | grep ip_vs    # says nothing of what is built in',
          'ls /lib/modules/$(uname -r)/kernel/net/netfilter/ipvs',
        ],
      },
      () => director.capabilities(),
    )
    const { ipvs, conntrack, sets, dummyLinks, schedulers, kernelRelease } = capabilities
    const said = Object.entries({ ipvs, conntrack, sets, dummyLinks }).map(
      ([name, { available, detail, reason }]) => `${name}: ${available ? (detail ?? 'yes') : reason}`,
    )
    const names = Object.keys(schedulers).filter((name) => schedulers[name]?.available === true)
    trial.show(
      { en: `Linux ${kernelRelease}:`, zh: `Linux ${kernelRelease}：` },
      [...said, `schedulers: ${names.join(' ')}`].join('\n'),
    )
    await trial.holds(
      {
        en: 'IPVS, conntrack and the schedulers rr, wrr and sh are there, whatever lsmod says',
        zh: 'IPVS、conntrack 以及 rr、wrr、sh 调度算法都可用，与 lsmod 的输出无关',
      },
      async () => {
        assert.ok(ipvs.available && conntrack.available)
        for (const name of wanted) assert.ok(schedulers[name]?.available, name)
      },
    )
    await trial.holds(
      {
        en: 'A scheduler that nobody has is refused by name',
        zh: '不存在的调度算法会被拒绝，错误中说明原因',
      },
      () =>
        assert.rejects(director.ipvs.addService({ ...service, scheduler: 'nosuch' }), (error: Error) =>
          /scheduler/.test(error.message),
        ),
    )
    const onDemand = {
      en: 'A module that was unloaded is loaded by the kernel itself when a service asks for its scheduler',
      zh: '卸载的调度模块，在服务用到时由内核自动加载',
      why: {
        en: 'ip_vs_scheduler_get() asks for the module ip_vs_NAME (request_module), which runs modprobe.',
        zh: 'ip_vs_scheduler_get() 会通过 request_module 请求 ip_vs_NAME 模块，由内核调用 modprobe。',
      },
    }
    if (isLoaded('ip_vs')) {
      await trial.step(
        {
          en: 'Load the modules by name, then unload one',
          zh: '按名字加载模块，再卸载其中一个',
          classic: ['modprobe -a ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh nf_conntrack', 'modprobe -r ip_vs_sh'],
        },
        async () => {
          await trial.command('director', 'modprobe -a ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh nf_conntrack')
          for (const name of wanted) assert.ok(isLoaded(`ip_vs_${name}`), name)
          await trial.command('director', 'modprobe -r ip_vs_sh')
          assert.ok(!isLoaded('ip_vs_sh'))
        },
      )
    }
    await trial.step(
      {
        en: 'Create a service that is scheduled by source',
        zh: '创建按源地址哈希（sh）调度的服务',
        classic: [
          'ipvsadm -A -t 10.1.0.100:80 -s sh',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.11:80 -m',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.12:80 -m',
        ],
      },
      async () => {
        await director.ipvs.addService({ ...service, scheduler: 'sh' })
        for (const address of ['10.2.0.11', '10.2.0.12'])
          await director.ipvs.addServer(service, { address, port: 80, forwarding: 'masquerade' })
      },
    )
    if (isLoaded('ip_vs')) await trial.holds(onDemand, async () => assert.ok(isLoaded('ip_vs_sh')))
    else
      trial.skip(onDemand, {
        en: 'IPVS and its schedulers are built into this kernel: there is no module to load',
        zh: 'IPVS 和调度算法已编译进本内核，没有模块可加载',
      })
    const { server } = await trial.ask('client', 'http://10.1.0.100/')
    await trial.works('client', 'http://10.1.0.100/', {
      en: 'It works: one client, one server',
      zh: '调度生效：同一客户端始终到同一后端',
      path: {
        en: 'client → director (IPVS, sh: hash of the source) → rs → director → client',
        zh: 'client → director (IPVS, sh: 源地址散列) → rs → director → client',
      },
      servers: [server],
      client: '10.1.0.2',
      requests: 4,
    })
  },
})

/** Modules only: what is built in is not in this list. */
function isLoaded(module: string): boolean {
  return new RegExp(`^${module} `, 'm').test(readFileSync('/proc/modules', 'utf8'))
}
