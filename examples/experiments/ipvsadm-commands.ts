/** ipvsadm's commands for services and servers, one by one, each by its counterpart in the API. */
import assert from 'node:assert/strict'
import { defineExperiment, directorNetwork } from 'ipvs-director'

const service = { protocol: 'tcp', address: '10.1.0.100', port: 80 } as const
const rs1 = { address: '10.2.0.11', port: 80, forwarding: 'masquerade' } as const
const rs2 = { address: '10.2.0.12', port: 80, forwarding: 'masquerade' } as const
const url = 'http://10.1.0.100/'

export default defineExperiment({
  name: 'ipvsadm-commands',
  seed: '003',
  title: {
    en: 'The commands of ipvsadm, one by one: services and servers',
    zh: 'ipvsadm 命令逐条演示：虚拟服务与后端',
  },
  topology: directorNetwork({ virtualAddresses: ['10.1.0.100/32', '10.1.0.101/32'] }),
  roles: {
    '10.1.0.2': 'CIP',
    '10.1.0.1': 'DIP',
    '10.1.0.100': 'VIP',
    '10.1.0.101': 'VIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
  },
  record: ['rs1', 'rs2'],

  async run(trial) {
    const { ipvs } = await trial.kernel('director')

    await trial.step(
      { en: 'Add a service (-A)', zh: '添加虚拟服务（-A）', classic: 'ipvsadm -A -t 10.1.0.100:80 -s rr' },
      () => ipvs.addService({ ...service, scheduler: 'rr' }),
    )
    await trial.fails('client', url, {
      en: 'Without a server it refuses',
      zh: '没有后端时拒绝连接',
      path: {
        en: 'client → director: IPVS, no server ✗ port unreachable',
        zh: 'client → director: IPVS, 没有 RS ✗ 端口不可达',
      },
      code: 'ECONNREFUSED',
      why: {
        en: 'IPVS takes the packet, finds no server, and answers by ICMP.',
        zh: 'IPVS 接管了报文但没有后端，回 ICMP 端口不可达。',
      },
    })
    await trial.step(
      {
        en: 'Add two servers (-a)',
        zh: '添加两个后端（-a）',
        classic: [
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.11:80 -m',
          'ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.12:80 -m',
        ],
      },
      async () => {
        await ipvs.addServer(service, rs1)
        await ipvs.addServer(service, rs2)
      },
    )
    await inTurn({ en: 'Both answer in turn', zh: '两个后端轮流应答' })
    await trial.step(
      {
        en: 'Edit a server (-e): weight 0 takes no new connections',
        zh: '修改后端（-e）：权重 0 不再接受新连接',
        classic: 'ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 0',
      },
      () => ipvs.updateServer(service, { ...rs1, weight: 0 }),
    )
    await only('rs2', { en: 'rs2 answers everything', zh: '全部由 rs2 应答' })
    await trial.step(
      {
        en: 'Edit the service (-E): weighted round robin; and the weights: 3 to 1',
        zh: '修改虚拟服务（-E）：加权轮询，权重 3 比 1',
        classic: [
          'ipvsadm -E -t 10.1.0.100:80 -s wrr',
          'ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 3',
        ],
      },
      async () => {
        await ipvs.updateService({ ...service, scheduler: 'wrr' })
        await ipvs.updateServer(service, { ...rs1, weight: 3 })
      },
    )
    await trial.holds({ en: 'Of eight requests rs1 answers six', zh: '八次请求中 rs1 应答六次' }, async () =>
      assert.deepEqual(await answers(8), { rs1: 6, rs2: 2 }),
    )
    await trial.step(
      {
        en: 'Persistence (-p) for all clients of a subnet (-M)',
        zh: '会话保持（-p），同一子网（-M）的客户端到同一后端',
        classic: 'ipvsadm -E -t 10.1.0.100:80 -s rr -p 360 -M 255.255.255.0',
      },
      () =>
        ipvs.updateService({
          ...service,
          scheduler: 'rr',
          persistence: { timeoutSeconds: 360, prefixLength: 24 },
        }),
    )
    await trial.holds(
      {
        en: 'One server answers, and IPVS remembers the subnet: 10.1.0.0, port 0',
        zh: '始终同一后端应答；IPVS 记录的是子网 10.1.0.0、端口 0',
      },
      async () => {
        assert.equal(Object.keys(await answers(3)).length, 1)
        const templates = (await ipvs.connections()).filter(({ client }) => client.port === 0)
        assert.deepEqual(
          templates.map(({ client }) => client.address),
          ['10.1.0.0'],
        )
      },
    )
    await trial.step(
      {
        en: 'Thresholds (-x, -y): rs1 is to hold one connection at most',
        zh: '连接数上下限（-x、-y）：rs1 最多一个连接',
        classic: [
          'ipvsadm -E -t 10.1.0.100:80 -s rr',
          'ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 1 -x 1 -y 0',
        ],
      },
      async () => {
        await ipvs.updateService({ ...service, scheduler: 'rr' })
        await ipvs.updateServer(service, { ...rs1, weight: 1, upperThreshold: 1 })
      },
    )
    await trial.holds(
      {
        en: 'rs1 takes the next connection, finds itself full, and takes no more',
        zh: 'rs1 再接受一个连接后达到上限，不再接受新连接',
        why: {
          en: 'Connections that are over count until IPVS forgets them: two minutes after a TCP connection ended.',
          zh: '已结束但尚未超时的连接也计算在内：TCP 连接结束两分钟后才被遗忘。',
        },
      },
      async () => {
        const { rs1: taken = 0 } = await answers(2)
        assert.ok(taken <= 1, `rs1 took ${taken}`)
        assert.deepEqual(await answers(3), { rs2: 3 })
      },
    )
    await trial.step(
      {
        en: 'Lift the limit',
        zh: '取消上限',
        classic: 'ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.11:80 -m -w 1 -x 0',
      },
      () => ipvs.updateServer(service, { ...rs1, weight: 1 }),
    )
    await inTurn({ en: 'Both answer in turn', zh: '两个后端轮流应答' })
    await trial.step(
      {
        en: 'One service for several addresses, by the mark of the packets (-f)',
        zh: '用防火墙标记（-f）把多个地址合成一个服务',
        classic: [
          'iptables -t mangle -A PREROUTING -p tcp --dport 8080 -j MARK --set-mark 7',
          'ipvsadm -A -f 7 -s rr',
          'ipvsadm -a -f 7 -r 10.2.0.11:80 -m; ipvsadm -a -f 7 -r 10.2.0.12:80 -m',
        ],
      },
      async () => {
        await trial.command(
          'director',
          'iptables -t mangle -A PREROUTING -p tcp --dport 8080 -j MARK --set-mark 7',
        )
        const marked = { fwmark: 7, family: 'inet' } as const
        await ipvs.addService({ ...marked, scheduler: 'rr' })
        for (const server of [rs1, rs2]) await ipvs.addServer(marked, server)
      },
    )
    await trial.holds(
      {
        en: 'A request to one address and one to the other go to the two servers in turn',
        zh: '访问两个地址各一次：两个后端轮流应答',
      },
      async () => {
        const urls = ['http://10.1.0.100:8080/', 'http://10.1.0.101:8080/']
        const servers: string[] = []
        for (const one of urls) servers.push((await trial.ask('client', one)).server)
        assert.deepEqual(servers.sort(), ['rs1', 'rs2'])
      },
    )
    await trial.step(
      {
        en: 'Delete a server (-d)',
        zh: '删除后端（-d）',
        classic: 'ipvsadm -d -t 10.1.0.100:80 -r 10.2.0.12:80',
      },
      () => ipvs.removeServer(service, rs2),
    )
    await only('rs1', { en: 'rs1 is left', zh: '只剩 rs1 应答' })
    await trial.step(
      { en: 'Delete the service (-D)', zh: '删除虚拟服务（-D）', classic: 'ipvsadm -D -t 10.1.0.100:80' },
      () => ipvs.removeService(service),
    )
    await trial.holds({ en: 'The service by mark is left', zh: '只剩按标记的服务' }, async () =>
      assert.deepEqual(
        [...(await ipvs.snapshot())].map((one) => 'fwmark' in one && one.fwmark),
        [7],
      ),
    )

    function inTurn(text: { en: string; zh: string }): Promise<void> {
      return trial.works('client', url, { ...text, servers: ['rs1', 'rs2'], client: '10.1.0.2' })
    }

    function only(server: string, text: { en: string; zh: string }): Promise<void> {
      return trial.works('client', url, { ...text, servers: [server], client: '10.1.0.2', requests: 3 })
    }

    /** How often each server answered. */
    async function answers(requests: number): Promise<Record<string, number>> {
      const count: Record<string, number> = {}
      for (let request = 0; request < requests; request++) {
        const { server } = await trial.ask('client', url)
        count[server] = (count[server] ?? 0) + 1
      }
      return count
    }
  },
})
