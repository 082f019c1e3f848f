/** The table as text: saved, lost, and restored. */
import assert from 'node:assert/strict'
import { defineExperiment, directorNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.1.0.100', port: 80 } as const

export default defineExperiment({
  name: 'save-and-restore',
  seed: '000',
  title: {
    en: 'Saving the table and restoring it',
    zh: '保存与恢复 IPVS 规则（ipvsadm-save / ipvsadm-restore）',
  },
  topology: directorNetwork({ servers: 3 }),
  roles: {
    '10.1.0.2': 'CIP',
    '10.1.0.100': 'VIP',
    '10.2.0.1': 'DIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
    '10.2.0.13': 'RIP',
  },
  record: ['rs1'],

  async run(trial) {
    const director = await trial.kernel('director')

    await trial.step(
      {
        en: 'Create a service with three servers',
        zh: '创建服务，加入三个 RS',
        classic: [
          'ipvsadm -A -t 10.1.0.100:80 -s rr',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 1    # and .12, .13',
        ],
      },
      async () => {
        await director.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.2.0.11', '10.2.0.12', '10.2.0.13'])
          await director.ipvs.addServer(service, { address, port: 80, forwarding: 'masquerade', weight: 1 })
      },
    )
    await trial.works('client', 'http://10.1.0.100/', {
      en: 'All three answer in turn',
      zh: '三个 RS 轮流应答',
      path: 'client → director (DNAT) → rs → director → client',
      servers: ['rs1', 'rs2', 'rs3'],
      client: '10.1.0.2',
    })
    const saved = await trial.step(
      { en: 'Save the table', zh: '保存', classic: 'ipvsadm-save -n > table' },
      () => director.ipvs.save(),
    )
    trial.show({ en: 'The saved table:', zh: '保存的内容：' }, saved)
    await trial.step({ en: 'Lose it', zh: '清空', classic: 'ipvsadm -C' }, () => director.ipvs.flush())
    await trial.fails('client', 'http://10.1.0.100/', {
      en: 'The director refuses the connection itself',
      zh: 'director 自己拒绝连接',
      path: 'client → director ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en:
          'Without a service the packet for the VIP is one for the director, which owns the address. No socket ' +
          'listens on that port, so the kernel answers with a reset.',
        zh: '没有虚拟服务时，发往 VIP 的报文就是发给 director 自己的；该端口没有 socket 监听，内核回 RST。',
      },
    })
    await trial.step({ en: 'Restore it', zh: '恢复', classic: 'ipvsadm-restore < table' }, async () => {
      const { failed } = await director.ipvs.restore(saved)
      assert.deepEqual(failed, [])
    })
    await trial.works('client', 'http://10.1.0.100/', {
      en: 'All three answer again',
      zh: '三个 RS 又轮流应答',
      path: 'client → director (DNAT) → rs → director → client',
      servers: ['rs1', 'rs2', 'rs3'],
      client: '10.1.0.2',
    })
    await trial.holds({ en: 'What is saved now is the same text', zh: '再次保存，内容相同' }, async () =>
      assert.equal(await director.ipvs.save(), saved),
    )
  },
})
