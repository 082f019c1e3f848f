/** What ipvsadm lists, and the options that say how: every kind of service and of forwarding in one table. */
import assert from 'node:assert/strict'
import {
  defineExperiment,
  directorNetwork,
  formatTable,
  type TableColumns,
  type TableOptions,
} from 'ipvs-director'

const dns = { protocol: 'udp', address: '10.1.0.100', port: 53 } as const
const web = { protocol: 'tcp', address: '10.1.0.101', port: 80 } as const

export default defineExperiment({
  name: 'ipvsadm-listings',
  seed: '003',
  title: { en: 'The listings of ipvsadm, one by one', zh: 'ipvsadm 的各种列表' },
  topology: directorNetwork({
    virtualAddresses: ['10.1.0.100/32', '10.1.0.101/32'],
    backends: [{ protocol: 'udp', port: 53 }],
  }),
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
      {
        en: 'A TCP service: routed (-g), tunnelled (-i), thresholds',
        zh: 'TCP 服务：直接路由（-g）、隧道（-i）、连接数上下限',
        classic: [
          'ipvsadm -A -t 10.1.0.101:80 -s wlc -p 360',
          'ipvsadm -a -t 10.1.0.101:80 -r 10.2.0.11:80 -g -x 4 -y 2',
          'ipvsadm -a -t 10.1.0.101:80 -r 10.2.0.12:80 -i -w 3',
        ],
      },
      async () => {
        await ipvs.addService({ ...web, scheduler: 'wlc', persistence: { timeoutSeconds: 360 } })
        const limits = { upperThreshold: 4, lowerThreshold: 2 }
        await ipvs.addServer(web, { address: '10.2.0.11', port: 80, forwarding: 'direct', ...limits })
        await ipvs.addServer(web, { address: '10.2.0.12', port: 80, forwarding: 'tunnel', weight: 3 })
      },
    )
    await trial.step(
      {
        en: 'A UDP service (-u), masqueraded (-m), and one for marked IPv6 packets (-f, -6)',
        zh: 'UDP 服务（-u，NAT），以及按标记的 IPv6 服务（-f、-6）',
        classic: [
          'ipvsadm -A -u 10.1.0.100:53 -s rr',
          'ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.11:53 -m; ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.12:53 -m',
          'ipvsadm -A -f 6 -6 -s rr',
        ],
      },
      async () => {
        await ipvs.addService({ ...dns, scheduler: 'rr' })
        for (const address of ['10.2.0.11', '10.2.0.12'])
          await ipvs.addServer(dns, { address, port: 53, forwarding: 'masquerade' })
        await ipvs.addService({ fwmark: 6, family: 'inet6', scheduler: 'rr' })
      },
    )
    await trial.works('client', 'udp://10.1.0.100:53', {
      en: 'Both servers answer UDP, in turn',
      zh: '两个 RS 轮流应答 UDP 请求',
      servers: ['rs1', 'rs2'],
      client: '10.1.0.2',
    })
    await lists('connections', '-Ln', [
      /^UDP {2}10\.1\.0\.100:53 rr$/m,
      /^ {2}-> 10\.2\.0\.11:53 +Masq +1 /m,
      /^TCP {2}10\.1\.0\.101:80 wlc persistent 360$/m,
      /^ {2}-> 10\.2\.0\.11:80 +Route +1 /m,
      /^ {2}-> 10\.2\.0\.12:80 +Tunnel +3 /m,
      /^FWM {2}6 IPv6 rr$/m,
    ])
    await lists('thresholds', '-Ln --thresholds', [/-> 10\.2\.0\.11:80 +4 +2 /, /-> 10\.2\.0\.12:80 +0 +0 /])
    await lists('persistent-connections', '-Ln --persistent-conn', [/-> 10\.2\.0\.12:80 +3 +0 +0 +0/])
    // The kernel adds up what it counted every two seconds: these are to look at.
    await show('rate', '-Ln --rate')
    await show('stats', '-Ln --stats --exact', { exact: true })
    await trial.holds(
      {
        en: '--sort is what it does anyway; --nosort leaves the services as the kernel has them, and loses none',
        zh: '--sort 是默认行为；--nosort 保持内核中的顺序，内容相同',
      },
      async () => {
        const snapshot = [...(await ipvs.snapshot())]
        const [sorted, unsorted] = [true, false].map((sort) => formatTable(snapshot, { sort }).split('\n'))
        assert.deepEqual(
          sorted?.filter((line) => line.startsWith('TCP') || line.startsWith('UDP')),
          ['TCP  10.1.0.101:80 wlc persistent 360', 'UDP  10.1.0.100:53 rr'],
        )
        assert.deepEqual([...(unsorted ?? [])].sort(), [...(sorted ?? [])].sort())
      },
    )
    const connections = await trial.step(
      { en: 'The connections (-c)', zh: '连接表（-c）', classic: 'ipvsadm -Lnc' },
      () => ipvs.connections().toArray(),
    )
    trial.show(
      { en: 'client, service, server:', zh: '客户端、虚拟服务、RS：' },
      connections
        .map(({ client, virtual, server }) =>
          [client, virtual, server].map(({ address, port }) => `${address}:${port}`).join('  '),
        )
        .join('\n'),
    )
    await trial.holds({ en: 'One for each of the four requests', zh: '四个请求各有一项' }, async () =>
      assert.deepEqual(connections.map(({ server }) => server.address).sort(), [
        ...['10.2.0.11', '10.2.0.11'],
        ...['10.2.0.12', '10.2.0.12'],
      ]),
    )
    await trial.step(
      {
        en: 'The timeouts, and the daemons that tell others of connections: none',
        zh: '超时，以及连接同步守护进程（没有）',
        classic: ['ipvsadm -L --timeout', 'ipvsadm -L --daemon'],
      },
      async () => {
        const { tcpSeconds, tcpFinSeconds, udpSeconds } = await ipvs.timeouts()
        trial.show(
          { en: 'tcp, tcpfin, udp:', zh: 'tcp、tcpfin、udp：' },
          [tcpSeconds, tcpFinSeconds, udpSeconds].join(' '),
        )
        assert.deepEqual(await ipvs.daemons(), [])
      },
    )

    /** Shows a listing, and claims what lines it has. */
    async function lists(columns: TableColumns, words: string, lines: readonly RegExp[]): Promise<void> {
      const text = await show(columns, words)
      await trial.holds(
        { en: `${words} tells what was programmed`, zh: `${words} 列出的与下发的一致` },
        async () => {
          for (const line of lines) assert.match(text, line)
        },
      )
    }

    async function show(columns: TableColumns, words: string, more: TableOptions = {}): Promise<string> {
      const text = formatTable(await ipvs.snapshot(), { columns, ...more })
      trial.show({ en: `ipvsadm ${words}:`, zh: `ipvsadm ${words}：` }, text)
      return text
    }
  },
})
