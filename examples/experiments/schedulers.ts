/** Every scheduler of the kernel, at work on the same three servers. */
import assert from 'node:assert/strict'
import { defineExperiment, directorNetwork, type SchedulerName } from 'ipvs-director'

const REQUESTS = 8
const service = { protocol: 'tcp', address: '10.1.0.100', port: 80 } as const
const url = 'http://10.1.0.100/'

type Counts = Readonly<Record<'rs1' | 'rs2', number>>

interface Case {
  readonly scheduler: SchedulerName
  readonly en: string
  readonly zh: string
  /** What the counts of the two servers, of weights 3 and 1, have to be like. */
  readonly check: (counts: Counts) => void
}

const exactly = (rs1: number, rs2: number) => (counts: Counts) => assert.deepEqual(counts, { rs1, rs2 })
const both = ({ rs1, rs2 }: Counts) => assert.ok(rs1 > 0 && rs2 > 0)
const mostlyFirst = ({ rs1, rs2 }: Counts) => assert.ok(rs1 > rs2)
const oneServer = ({ rs1, rs2 }: Counts) => assert.ok(rs1 === 0 || rs2 === 0)
const anyone = ({ rs1, rs2 }: Counts) => assert.equal(rs1 + rs2, REQUESTS)

const cases: readonly Case[] = [
  {
    scheduler: 'rr',
    en: 'round robin: in turn, whatever the weights',
    zh: '轮询，不看权值',
    check: exactly(4, 4),
  },
  { scheduler: 'wrr', en: 'weighted round robin: 3 to 1', zh: '加权轮询，3 : 1', check: exactly(6, 2) },
  { scheduler: 'lc', en: 'least connections, whatever the weights', zh: '最少连接，不看权值', check: both },
  { scheduler: 'wlc', en: 'least connections for their weight', zh: '加权最少连接', check: mostlyFirst },
  {
    scheduler: 'sed',
    en: 'shortest expected delay: the strong one while it is idle',
    zh: '最短期望延迟：空闲时总选权值大的',
    check: exactly(8, 0),
  },
  { scheduler: 'nq', en: 'never queue: whoever is idle', zh: '永不排队：选空闲的', check: anyone },
  {
    scheduler: 'lblc',
    en: 'locality: one address, one server',
    zh: '基于局部性：同一目的地址同一服务器',
    check: oneServer,
  },
  {
    scheduler: 'lblcr',
    en: 'locality with replication: one server until it has much to do',
    zh: '带复制的局部性：负载不高时同一服务器',
    check: oneServer,
  },
  {
    scheduler: 'dh',
    en: 'hash of the destination: one address, one server',
    zh: '目的地址散列：同一目的地址同一服务器',
    check: oneServer,
  },
  {
    scheduler: 'sh',
    en: 'hash of the source: one client, one server',
    zh: '源地址散列：同一客户端同一服务器',
    check: oneServer,
  },
  {
    scheduler: 'mh',
    en: 'Maglev hash of the source: one client, one server',
    zh: 'Maglev 散列：同一客户端同一服务器',
    check: oneServer,
  },
  {
    scheduler: 'fo',
    en: 'failover: the heaviest alone',
    zh: '故障切换：只用权值最大的',
    check: exactly(8, 0),
  },
  {
    scheduler: 'ovf',
    en: 'overflow: the heaviest until it is full',
    zh: '溢出：先用权值最大的',
    check: exactly(8, 0),
  },
  {
    scheduler: 'twos',
    en: 'power of two choices: the better of two drawn by lot',
    zh: '随机取二选优',
    check: anyone,
  },
]

export default defineExperiment({
  name: 'schedulers',
  seed: '000',
  title: { en: 'Every scheduler, with traffic', zh: '每一种调度算法' },
  topology: directorNetwork({ servers: 2 }),
  roles: {
    '10.1.0.2': 'CIP',
    '10.1.0.100': 'VIP',
    '10.2.0.1': 'DIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
  },

  async run(trial) {
    const director = await trial.kernel('director')
    const { schedulers, kernelRelease } = await director.capabilities()

    await trial.step(
      {
        en: 'A service; servers of weights 3 and 1',
        zh: '创建服务，两个 RS 的权值为 3 和 1',
        classic: [
          'ipvsadm -A -t 10.1.0.100:80 -s rr',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 3',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.12:80 -m -w 1',
        ],
      },
      async () => {
        await director.ipvs.addService({ ...service, scheduler: 'rr' })
        for (const [address, weight] of [
          ['10.2.0.11', 3],
          ['10.2.0.12', 1],
        ] as const)
          await director.ipvs.addServer(service, { address, port: 80, forwarding: 'masquerade', weight })
      },
    )
    for (const { scheduler, en, zh, check } of cases) {
      const claim = { en: `${scheduler}: ${en}`, zh: `${scheduler}：${zh}` }
      if (schedulers[scheduler]?.available !== true) {
        trial.skip(claim, `the kernel ${kernelRelease} has no scheduler ${scheduler}`)
        continue
      }
      await trial.step(
        {
          en: `Schedule by ${scheduler}`,
          zh: `改用 ${scheduler}`,
          classic: `ipvsadm -E -t 10.1.0.100:80 -s ${scheduler}`,
        },
        () => director.ipvs.updateService({ ...service, scheduler }),
      )
      await trial.holds(claim, async () => check(await count()))
    }

    async function count(): Promise<Counts> {
      const counts = { rs1: 0, rs2: 0 }
      for (let request = 0; request < REQUESTS; request++) {
        const { server } = await trial.ask('client', url)
        counts[server as keyof Counts]++
      }
      const shares = `rs1 ${'#'.repeat(counts.rs1)}  rs2 ${'#'.repeat(counts.rs2)}`
      trial.show({ en: `${REQUESTS} requests:`, zh: `${REQUESTS} 个请求：` }, shares)
      return counts
    }
  },
})
