/** ipvsadm's commands for the table as a whole, one by one, each by its counterpart in the API. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { defineExperiment, directorNetwork, formatTable } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.1.0.100', port: 80 } as const
const url = 'http://10.1.0.100/'
/** Twice as many as servers. */
const requests = 4n

export default defineExperiment({
  name: 'ipvsadm-table',
  seed: '003',
  title: {
    en: 'The commands of ipvsadm, one by one: the table as a whole',
    zh: 'ipvsadm 命令逐条演示：整张表',
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
    const { ipvs } = await trial.kernel('director')

    await trial.step(
      {
        en: 'A service with two servers',
        zh: '一个虚拟服务，两个后端',
        classic: [
          'ipvsadm -A -t 10.1.0.100:80 -s rr',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.11:80 -m; ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.12:80 -m',
        ],
      },
      async () => {
        await ipvs.addService({ ...service, scheduler: 'rr' })
        for (const address of ['10.2.0.11', '10.2.0.12']) await ipvs.addServer(service, { address })
      },
    )
    await inTurn({ en: 'Both answer in turn', zh: '两个后端轮流应答' })
    trial.show(
      { en: 'The table (-Ln), with its size:', zh: '列表（-Ln）：' },
      formatTable(await ipvs.snapshot(), { info: await ipvs.info() }),
    )
    await trial.holds(
      {
        en: 'The four requests are counted, two for each server (-L --stats)',
        zh: '统计（-L --stats）：四次请求，每个后端两次',
      },
      async () => {
        await allCounted()
        assert.deepEqual(
          (await ipvs.servers(service)).map(({ counters }) => counters.connections),
          [2n, 2n],
        )
        trial.show(
          { en: 'With statistics:', zh: '统计：' },
          formatTable(await ipvs.snapshot(), { columns: 'stats' }),
        )
      },
    )
    await trial.step(
      { en: 'Set the counters to zero (-Z)', zh: '统计清零（-Z）', classic: 'ipvsadm -Z' },
      async () => {
        await ipvs.zero()
        assert.equal((await ipvs.service(service))?.counters.connections, 0n)
      },
    )
    await trial.step(
      {
        en: 'Timeouts (--set): what is 0 stays',
        zh: '超时（--set）：0 表示不变',
        classic: 'ipvsadm --set 600 0 120',
      },
      async () => {
        const { tcpFinSeconds } = await ipvs.timeouts()
        await ipvs.setTimeouts({ tcpSeconds: 600, udpSeconds: 120 })
        assert.deepEqual(await ipvs.timeouts(), { tcpSeconds: 600, tcpFinSeconds, udpSeconds: 120 })
      },
    )
    const saved = await trial.step(
      {
        en: 'Save (-S), clear (-C)',
        zh: '保存（-S）与清空（-C）',
        classic: ['ipvsadm -S -n > table', 'ipvsadm -C'],
      },
      async () => {
        const text = await ipvs.save()
        await ipvs.flush()
        return text
      },
    )
    await trial.fails('client', url, {
      en: 'Nothing is served',
      zh: '清空后无法访问',
      path: 'client → director ✗ RST',
      code: 'ECONNREFUSED',
      why: {
        en: 'The VIP is an address of the director like any other now.',
        zh: '没有虚拟服务后，VIP 只是 director 的普通地址。',
      },
    })
    await trial.step({ en: 'Restore (-R)', zh: '恢复（-R）', classic: 'ipvsadm -R < table' }, async () =>
      assert.deepEqual((await ipvs.restore(saved)).failed, []),
    )
    await inTurn({ en: 'Both answer again, in turn', zh: '两个后端又轮流应答' })
    await trial.step(
      {
        en: 'Tell another director of the connections (--start-daemon), and stop',
        zh: '启动和停止连接同步守护进程（--start-daemon、--stop-daemon）',
        classic: [
          'ipvsadm --start-daemon master --mcast-interface servers --syncid 5',
          'ipvsadm --stop-daemon master',
        ],
      },
      async () => {
        await ipvs.startDaemon({ state: 'master', interface: 'servers', syncId: 5 })
        assert.deepEqual(
          (await ipvs.daemons()).map(({ state, syncId }) => ({ state, syncId })),
          [{ state: 'master', syncId: 5 }],
        )
        await ipvs.stopDaemon({ state: 'master' })
        assert.deepEqual(await ipvs.daemons(), [])
      },
    )

    function inTurn(text: { en: string; zh: string }): Promise<void> {
      return trial.works('client', url, {
        ...text,
        servers: ['rs1', 'rs2'],
        client: '10.1.0.2',
        requests: Number(requests),
      })
    }

    /** The kernel adds up what its processors counted every two seconds; newer ones begin some seconds after boot. */
    async function allCounted(): Promise<void> {
      for (let attempt = 0; attempt < 100; attempt++) {
        if ((await ipvs.service(service))?.counters.connections === requests) return
        await delay(200)
      }
      assert.fail(`${requests} connections are not counted after 20 s`)
    }
  },
})
