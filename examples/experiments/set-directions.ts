/** What src and dst mean after --match-set: for each field of an entry, which end of the packet it is held against. */
import assert from 'node:assert/strict'
import { defineExperiment, type SetOptions, type SetTypeName } from 'ipvs-director'

const client = '10.2.1.8'
const server = '10.2.0.42'

interface Row {
  readonly type: SetTypeName
  readonly directions: string
  readonly entry: string
  readonly fields: { readonly en: string; readonly zh: string }
  /** The request comes in at the server, the answer goes out. */
  readonly packet: 'request' | 'answer'
  readonly options: SetOptions
}
type RowWords = [SetTypeName, string, Row['packet'], string, string, string]

export default defineExperiment({
  name: 'set-directions',
  seed: '002',
  title: {
    en: 'ipset match directions: src and dst, one for each field',
    zh: 'ipset 匹配方向：每个字段各有一个 src 或 dst',
  },
  topology: {
    namespaces: {
      client: { addresses: { eth0: [`${client}/16`] } },
      server: { addresses: { eth0: [`${server}/16`] }, backends: [{ protocol: 'http', port: 80 }] },
    },
    wires: [['client:eth0', 'server:eth0']],
  },
  roles: { [client]: 'CIP', [server]: 'RIP' },
  record: ['server'],

  async run(trial) {
    const { links, sets } = await trial.kernel('server')
    const serverMac = (await links.get('eth0')).hardwareAddress ?? ''
    const clientMac = (await (await trial.kernel('client')).links.get('eth0')).hardwareAddress ?? ''
    const rows = rowsOf({ clientMac, serverMac })

    await trial.step(
      {
        en: 'A set for each row of the table, with the one entry that the row is about',
        zh: '为表中每一行创建集合，加入对应的条目',
        classic: [
          'ipset create D1 hash:net,port,net; ipset add D1 10.2.1.0/24,tcp:80,10.2.0.0/24',
          `# … D2 to D${rows.length}`,
        ],
      },
      async () => {
        for (const [index, { type, entry, options }] of rows.entries()) {
          await sets.create(nameOf(index), type, options)
          assert.deepEqual((await sets.add(nameOf(index), entry)).failed, [], entry)
        }
      },
    )
    await trial.step(
      {
        en: 'For each a rule with its directions, one with all of them turned round, one with the last left out',
        zh: '每个集合三条规则：正确的方向、全部反过来、少一个方向',
        classic: [
          'iptables -A INPUT -m set --match-set D1 src,dst,dst',
          'iptables -A INPUT -m set --match-set D1 dst,src,src',
          'iptables -A INPUT -m set --match-set D1 src,dst',
        ],
      },
      async () => {
        const rules = rows.flatMap(({ packet, directions }, index) =>
          variants(directions).map(
            (words) => `-A ${chains[packet]} -m set --match-set ${nameOf(index)} ${words}`,
          ),
        )
        const input = [
          '*mangle',
          '-A PREROUTING -j MARK --set-mark 7',
          'COMMIT',
          '*filter',
          ...rules,
          'COMMIT',
          '',
        ]
        const restore = trial
          .namespace('server')
          .run(['iptables-restore', '--noflush'], { input: input.join('\n') })
        const { exitCode, stderr } = await restore
        assert.equal(exitCode, 0, stderr)
      },
    )
    await trial.works('client', `http://${server}/`, {
      en: 'One request, and its answer',
      zh: '一次请求与应答',
      path: {
        en: `client ─request (INPUT)→ server ─answer (OUTPUT)→ client`,
        zh: `client ─请求 (INPUT)→ server ─应答 (OUTPUT)→ client`,
      },
      servers: ['server'],
      client,
    })
    const counted = await packetsByRule()
    for (const [index, { type, directions, fields, packet }] of rows.entries()) {
      const label = `${type.padEnd(17)} ${directions.padEnd(11)}`
      const words = { request: { en: 'request', zh: '请求' }, answer: { en: 'answer', zh: '应答' } }[packet]
      await trial.holds(
        {
          en: `${label} of the ${words.en}: ${fields.en}`,
          zh: `${label} 匹配${words.zh}：${fields.zh}`,
        },
        async () => {
          const [given = '', ...others] = variants(directions)
          const count = (variant: string) => counted.get(`${nameOf(index)} ${variant}`) ?? -1
          assert.ok(count(given) > 0, `${given} matched ${count(given)} packets`)
          for (const other of others)
            assert.equal(count(other), 0, `${other} matched ${count(other)} packets`)
        },
      )
    }
    await trial.holds(
      {
        en: 'More directions than fields do no harm: those left over are not looked at',
        zh: '方向比字段多没有影响：多余的不看',
        why: {
          en: 'The kernel refuses to look into a set for fewer directions than its type has fields, and ignores others.',
          zh: '方向少于维数时内核不查集合（永不匹配），多于维数时忽略多余的方向。',
        },
      },
      async () => {
        const index = rows.findIndex(({ type }) => type === 'hash:ip,port')
        const rule = `INPUT -m set --match-set ${nameOf(index)} dst,dst,src`
        await trial.command('server', `iptables -A ${rule}`)
        await trial.ask('client', `http://${server}/`)
        assert.ok(((await packetsByRule()).get(`${nameOf(index)} dst,dst,src`) ?? 0) > 0)
      },
    )

    /** Packets of each rule, by set and directions. */
    async function packetsByRule(): Promise<Map<string, number>> {
      const list = await trial.command('server', 'iptables-save -c -t filter')
      const rules = list.matchAll(/^\[(\d+):\d+\] -A \w+ -m set --match-set (\S+) (\S+)$/gm)
      return new Map(
        [...rules].map(([, packets, set, directions]) => [`${set} ${directions}`, Number(packets)]),
      )
    }
  },
})

const chains = { request: 'INPUT', answer: 'OUTPUT' } as const

function nameOf(index: number): string {
  return `D${index + 1}`
}

/** As given, turned round, and without the last, where one would be left. */
function variants(directions: string): string[] {
  const given = directions.split(',')
  const turned = given.map((direction) => (direction === 'src' ? 'dst' : 'src'))
  return [given, turned, given.slice(0, -1)]
    .filter((words) => words.length > 0)
    .map((words) => words.join(','))
}

/** The range of a set that has one. */
const ranges: Partial<Record<SetTypeName, string>> = {
  'bitmap:port': '0-1023',
  'bitmap:ip': '10.2.1.0/24',
  'bitmap:ip,mac': '10.2.1.0/24',
}

/** Columns stand two blanks apart or more: type, directions, packet, entry, what the fields are held against. */
const table = `
hash:net,port,net  src,dst,dst  request  10.2.1.0/24,tcp:80,10.2.0.0/24  src network, dst port, dst network  源网段、目的端口、目的网段
hash:net,port,net  dst,src,src  answer   10.2.1.0/24,tcp:80,10.2.0.0/24  dst network, src port, src network  目的网段、源端口、源网段
hash:ip,port,ip    src,dst,dst  request  10.2.1.8,tcp:80,10.2.0.42       src address, dst port, dst address  源地址、目的端口、目的地址
hash:ip,port,ip    dst,src,src  answer   10.2.1.8,tcp:80,10.2.0.42       dst address, src port, src address  目的地址、源端口、源地址
hash:mac           src          request  clientMac                       src hardware address  源 MAC
hash:mac           dst          request  serverMac                       dst hardware address  目的 MAC
hash:ip,mac        src,src      request  10.2.1.8,clientMac              src address and hardware address  源地址、源 MAC
hash:ip,mac        dst,dst      request  10.2.0.42,serverMac             dst address and hardware address  目的地址、目的 MAC
hash:ip,mac        dst,src      request  10.2.0.42,clientMac             dst address, src hardware address  目的地址、源 MAC
hash:ip,port       dst,dst      request  10.2.0.42,tcp:80                dst address, dst port: virtual services  目的地址、目的端口：虚拟服务
hash:ip,port,ip    dst,dst,src  request  10.2.0.42,tcp:80,10.2.1.8       dst address, dst port, src address: hairpins  目的地址、目的端口、源地址：访问自己
hash:ip,port,net   dst,dst,src  request  10.2.0.42,tcp:80,10.2.1.0/24    the same with a source range  同上，源为网段：来源限制
bitmap:port        dst          request  80                              dst port: node ports  目的端口：NodePort
bitmap:ip          src          request  10.2.1.8                        src address  源地址
bitmap:ip,mac      src,src      request  10.2.1.8,clientMac              src address and hardware address  源地址、源 MAC
hash:ip            dst          request  10.2.0.42                       dst address  目的地址
hash:net           src          request  10.2.1.0/24                     src network  源网段
hash:net,net       src,dst      request  10.2.1.0/24,10.2.0.0/24         src network, dst network  源网段、目的网段
hash:net,port      dst,dst      request  10.2.0.0/24,tcp:80              dst network, dst port  目的网段、目的端口
hash:net,iface     src,src      request  10.2.1.0/24,eth0                src network, the link it came in by  源网段、入口网卡
hash:net,iface     dst,dst      answer   10.2.1.0/24,eth0                dst network, the link it goes out by  目的网段、出口网卡
hash:ip,mark       src,src      request  10.2.1.8,7                      src address, mark of the packet  源地址、报文的 mark`

function rowsOf(macs: { clientMac: string; serverMac: string }): Row[] {
  const lines = table.trim().replace(/clientMac|serverMac/g, (name) => macs[name as keyof typeof macs])
  return lines.split('\n').map((line) => {
    const [type, directions, packet, entry, en, zh] = line.split(/ {2,}/) as RowWords
    const range = ranges[type]
    return {
      type,
      directions,
      packet,
      entry,
      fields: { en, zh },
      options: range === undefined ? {} : { range },
    }
  })
}
