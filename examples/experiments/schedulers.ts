/** Every scheduler of the kernel, on clients, addresses and connections that tell it from the others. */
import assert from 'node:assert/strict'
import { defineExperiment, directorNetwork, type SchedulerName } from 'ipvs-director'

const virtualAddresses = [100, 101, 102, 103].map((last) => `10.1.0.${last}`)
/** The servers never hear that a connection has ended: a client that took the same port again would not be answered. */
const clients = Array.from({ length: 20 }, (_, index) => `10.1.0.${index + 2}`)

interface Request {
  readonly client: string
  readonly vip: string
  readonly server: string
}

interface Case {
  readonly scheduler: SchedulerName
  readonly en: string
  readonly zh: string
  /** Weights of rs1 and rs2; 3 and 1 by default. */
  readonly weights?: readonly [number, number]
  /** So many connections rs1 holds before. */
  readonly held?: number
  /** Who asks whom how often: so many clients, each of so many addresses, so many times (once by default). */
  readonly ask: readonly [clients: number, addresses: number, times?: number]
  /** What the answers have to be like. */
  readonly check: (requests: readonly Request[]) => void
}

const order = (expected: RegExp) => (requests: readonly Request[]) =>
  assert.match(requests.map(({ server }) => server.slice(2)).join(''), expected)

/** All requests of one client (or to one address) have one server, and those of all of them have both. */
const hashOf = (key: 'client' | 'vip') => (requests: readonly Request[]) => {
  const servers = new Map<string, Set<string>>()
  for (const request of requests)
    servers.set(request[key], (servers.get(request[key]) ?? new Set()).add(request.server))
  for (const [name, chosen] of servers) assert.equal(chosen.size, 1, `${name}: ${[...chosen].join(' ')}`)
  assert.equal(new Set(requests.map(({ server }) => server)).size, 2, 'both servers are chosen by somebody')
}

const cases: readonly Case[] = [
  {
    scheduler: 'rr',
    en: 'round robin: in turn, whatever the weights',
    zh: '轮询，不看权值',
    ask: [1, 3, 2],
    check: order(/^(121212|212121)$/),
  },
  {
    scheduler: 'wrr',
    en: 'weighted round robin: of any four one to rs2',
    zh: '加权轮询，3 : 1',
    ask: [1, 4, 2],
    check: order(/^(1*21*)(?<=^.{4})\1$/),
  },
  {
    scheduler: 'lc',
    en: 'least connections: rs2, until it holds as many as rs1, whatever the weights',
    zh: '最少连接：rs2 的连接追平 rs1 之前总选 rs2，不看权值',
    held: 3,
    ask: [1, 3],
    check: order(/^222$/),
  },
  {
    scheduler: 'wlc',
    en: 'least connections for their weight: 3 to 1, and none before the other has one',
    zh: '加权最少连接：两者各得一个之后，按 3 : 1 分配',
    ask: [1, 3, 2],
    check: order(/^(12|21)11(12|21)$/),
  },
  {
    scheduler: 'sed',
    en: 'shortest expected delay: the strong one twice before the weak one once',
    zh: '最短期望延迟：权值大的先得两个，权值小的才得一个',
    ask: [1, 3, 2],
    check: order(/^11(12|21)11$/),
  },
  {
    scheduler: 'nq',
    en: 'never queue: first whoever is idle, then as sed',
    zh: '永不排队：先选空闲的，之后与 sed 相同',
    ask: [1, 3, 2],
    check: order(/^(12|21)1111$/),
  },
  {
    scheduler: 'lblc',
    en: 'locality: an address keeps its server, until that is overloaded; then it moves',
    zh: '基于局部性：同一目的地址用同一服务器，过载后整体迁移到另一台',
    weights: [4, 4],
    ask: [1, 1, 14],
    check: order(/^(1{5}2{9}|2{5}1{9})$/),
  },
  {
    scheduler: 'lblcr',
    en: 'locality with replication: the overloaded server is joined by another, not replaced',
    zh: '带复制的局部性：过载后再加一台，两台共同服务该地址',
    weights: [4, 4],
    ask: [1, 1, 14],
    check: order(/^(1{5}2{5}|2{5}1{5})(12|21){2}$/),
  },
  {
    scheduler: 'dh',
    en: 'hash of the destination: one address, one server, whoever asks',
    zh: '目的地址散列：同一目的地址同一服务器，与客户端无关',
    weights: [1, 1],
    ask: [3, 4],
    check: hashOf('vip'),
  },
  {
    scheduler: 'sh',
    en: 'hash of the source: one client, one server, whatever it asks for',
    zh: '源地址散列：同一客户端同一服务器，与目的地址无关',
    weights: [1, 1],
    ask: [8, 2],
    check: hashOf('client'),
  },
  {
    scheduler: 'mh',
    en: 'Maglev hash of the source: one client, one server',
    zh: 'Maglev 散列：同一客户端同一服务器',
    weights: [1, 1],
    ask: [8, 2],
    check: hashOf('client'),
  },
  {
    scheduler: 'fo',
    en: 'failover: the heaviest alone, however much it has to do',
    zh: '故障切换：只用权值最大的，不看连接数',
    ask: [1, 3, 2],
    check: order(/^111111$/),
  },
  {
    scheduler: 'ovf',
    en: 'overflow: the heaviest until it holds more connections than its weight, then the next',
    zh: '溢出：权值最大的连接数超过权值后，才用下一台',
    ask: [1, 3, 2],
    check: order(/^111122$/),
  },
  {
    scheduler: 'twos',
    en: 'power of two choices: the better of two drawn by lot, so that neither gets far ahead',
    zh: '随机取二选优：两台的连接数不会相差很多',
    weights: [1, 1],
    ask: [1, 4, 4],
    // Who has more is drawn twice with a chance of 1 to 4: that one leads by 13 once in a million runs.
    check: (requests) => {
      const first = requests.filter(({ server }) => server === 'rs1').length
      assert.ok(Math.abs(requests.length - 2 * first) <= 12, `rs1 answered ${first} of ${requests.length}`)
    },
  },
]

export default defineExperiment({
  name: 'schedulers',
  seed: '000',
  title: { en: 'Every scheduler, with traffic', zh: '每一种调度算法' },
  topology: directorNetwork({ virtualAddresses: virtualAddresses.map((address) => `${address}/32`) }),
  roles: {
    '10.1.0.2': 'CIP',
    ...Object.fromEntries(virtualAddresses.map((address) => [address, 'VIP'])),
    '10.2.0.1': 'DIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
  },
  record: ['rs1', 'rs2'],

  async run(trial) {
    const director = await trial.kernel('director')
    const { schedulers, kernelRelease } = await director.capabilities()
    // The client's address that requests come from.
    let asking = clients[0]
    const keepOpen = ['FIN', 'RST'].map(
      (flag) => `iptables -t mangle -A PREROUTING -p tcp --tcp-flags ${flag} ${flag} -j DROP`,
    )

    await trial.step(
      {
        en: 'Let the director see no connection end: each of them stays open for IPVS',
        zh: '丢弃 FIN 和 RST：对 IPVS 来说连接一直保持',
        classic: keepOpen,
      },
      async () => {
        for (const rule of keepOpen) await trial.command('director', rule)
      },
    )
    await trial.step(
      {
        en: `Give the client ${clients.length} addresses`,
        zh: `给 client ${clients.length} 个地址`,
        classic: `for i in $(seq 3 ${clients.length + 1}); do ip addr add 10.1.0.$i/32 dev eth0; done`,
      },
      async () => {
        const { links } = await trial.kernel('client')
        for (const address of clients.slice(1)) await links.addAddress('eth0', `${address}/32`)
      },
    )
    for (const [index, one] of cases.entries()) {
      const { scheduler, en, zh, weights: [strong, weak] = [3, 1] } = one
      const claim = { en: `${scheduler}: ${en}`, zh: `${scheduler}：${zh}` }
      if (schedulers[scheduler]?.available !== true) {
        trial.skip(claim, {
          en: `the kernel ${kernelRelease} has no scheduler ${scheduler}`,
          zh: `内核 ${kernelRelease} 没有调度算法 ${scheduler}`,
        })
        continue
      }
      // A mark of its own gives it servers without connections; a port of its own, connections that nobody knows yet.
      const service = { fwmark: index + 1, family: 'inet' } as const
      const port = 8001 + index
      const mark = `iptables -t mangle -A PREROUTING -p tcp --dport ${port} -j MARK --set-mark ${index + 1}`
      const server = { port: 80, forwarding: 'masquerade' } as const
      await trial.step(
        {
          en: `A service for all four addresses, by ${scheduler}, weights ${strong} and ${weak}`,
          zh: `四个地址合为一个服务，调度算法 ${scheduler}，权值 ${strong} 和 ${weak}`,
          classic: [
            mark,
            `ipvsadm -A -f ${index + 1} -s ${scheduler}`,
            `ipvsadm -a -f ${index + 1} -r 10.2.0.11:80 -m -w ${strong}`,
            `ipvsadm -a -f ${index + 1} -r 10.2.0.12:80 -m -w ${weak}`,
          ],
        },
        async () => {
          await trial.command('director', mark)
          await director.ipvs.addService({ ...service, scheduler })
          await director.ipvs.addServer(service, { ...server, address: '10.2.0.11', weight: strong })
          // What rs1 holds before comes while it is alone.
          await ask(index, port, [1, one.held ?? 0])
          await director.ipvs.addServer(service, { ...server, address: '10.2.0.12', weight: weak })
        },
      )
      await trial.holds(claim, async () => {
        const requests = await ask(index, port, one.ask)
        trial.show(
          { en: `${requests.length} requests:`, zh: `${requests.length} 个请求：` },
          requests.map(({ server }) => server).join(' '),
        )
        one.check(requests)
      })
    }

    /** One request after the other, from each of so many clients to each of so many addresses. */
    async function ask(
      first: number,
      port: number,
      [many, each, times = 1]: Case['ask'],
    ): Promise<Request[]> {
      const requests: Request[] = []
      const others = [...clients.slice(first), ...clients.slice(0, first)]
      for (const client of others.slice(0, many)) {
        if (client !== asking)
          await trial.command('client', `ip route replace 10.1.0.100/30 dev eth0 src ${client}`)
        asking = client
        for (let time = 0; time < times; time++)
          for (const vip of virtualAddresses.slice(0, each)) {
            const { server } = await trial.ask('client', `http://${vip}:${port}/`)
            requests.push({ client, vip, server })
          }
      }
      return requests
    }
  },
})
