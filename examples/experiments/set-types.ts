/** The set types of the kernel at hand: how many fields an entry has, which revisions it speaks, what each can carry. */
import assert from 'node:assert/strict'
import { defineExperiment, type SetOptions, type SetTypeName } from 'ipvs-director'

/** The newest revision of each type in the listing of the seed document. */
const atLeast: Readonly<Record<SetTypeName, number>> = {
  'bitmap:ip': 3,
  'bitmap:ip,mac': 3,
  'bitmap:port': 3,
  'hash:ip': 4,
  'hash:ip,mac': 0,
  'hash:ip,mark': 2,
  'hash:ip,port': 5,
  'hash:ip,port,ip': 5,
  'hash:ip,port,net': 7,
  'hash:mac': 0,
  'hash:net': 6,
  'hash:net,iface': 6,
  'hash:net,net': 2,
  'hash:net,port': 7,
  'hash:net,port,net': 2,
  'list:set': 3,
}
const types = Object.keys(atLeast) as SetTypeName[]
const extensions = ['counters', 'comment', 'skbinfo', 'forceadd'] as const

export default defineExperiment({
  name: 'set-types',
  seed: '002',
  title: {
    en: 'The set types of this kernel: dimensions, revisions, extensions',
    zh: '本内核支持的集合类型：维数、版本、扩展',
  },
  topology: {
    namespaces: {
      client: { addresses: { eth0: ['10.0.0.8/24'] } },
      host: { addresses: { eth0: ['10.0.0.1/24'] }, backends: [{ protocol: 'http', port: 80 }] },
    },
    wires: [['client:eth0', 'host:eth0']],
  },
  roles: { '10.0.0.8': 'CIP', '10.0.0.1': 'RIP' },
  record: ['host'],

  async run(trial) {
    const { sets } = await trial.kernel('host')
    const known = await trial.step(
      {
        en: 'Ask the kernel for the revisions of each type',
        zh: '向内核查询每种类型支持的版本',
        classic: 'ipset help    # says what ipset knows, not what the kernel does',
      },
      async () => new Map((await sets.types()).map((type) => [type.name, type])),
    )
    const carries = await trial.step(
      {
        en: 'Try which extensions it takes: make a set with each of them, and destroy it',
        zh: '逐一尝试扩展：用每种扩展创建集合再销毁',
        classic: 'ipset create probe hash:ip,port counters; ipset destroy probe    # and so on',
      },
      async () => {
        const entries = types.map(async (type) => [type, await extensionsOf(type)] as const)
        return new Map(await Promise.all(entries))
      },
    )
    const rows = types.map((type) => {
      const { oldestRevision, newestRevision, revision } = known.get(type) ?? {}
      const revisions = `${oldestRevision}–${newestRevision} (we: ${revision})`
      const cells = [type, String(fieldsOf(type)), directionsOf(type), revisions]
      return [...cells, (carries.get(type) ?? []).join(' ')]
    })
    const head = ['type', 'fields', 'match-set', 'revisions', 'extensions']
    trial.show({ en: 'This kernel:', zh: '本内核：' }, table([head, ...rows]))
    await trial.holds(
      {
        en: 'Every type of the document is there, in its newest revision or a later one',
        zh: '文档中的类型都支持，版本不低于文档',
      },
      async () => {
        for (const type of types) assert.ok((known.get(type)?.newestRevision ?? -1) >= atLeast[type], type)
      },
    )
    await trial.holds(
      {
        en: 'We speak a revision of each that the kernel speaks, too',
        zh: '每种类型都有双方共同支持的版本',
      },
      async () => {
        for (const { name, oldestRevision, newestRevision, revision = -1 } of known.values())
          assert.ok(revision >= oldestRevision && revision <= newestRevision, name)
      },
    )
    await trial.holds(
      {
        en: 'Every type counts, and takes comments and skbinfo',
        zh: '每种类型都支持 counters、comment 和 skbinfo',
      },
      async () => {
        for (const [type, taken] of carries)
          assert.deepEqual(taken.slice(0, 3), ['counters', 'comment', 'skbinfo'], type)
      },
    )
    await trial.holds(
      {
        en: 'An entry has as many fields as the type has names: one too few or too many is refused',
        zh: '条目的字段数等于类型名的维数：多一个少一个都被拒绝',
      },
      async () => {
        await sets.create('WEB', 'hash:ip,port', { counters: true })
        for (const entry of ['10.0.0.1', '10.0.0.1,tcp:80,10.0.0.2'])
          await assert.rejects(sets.add('WEB', entry), { code: 'ERR_INVALID_ARGUMENT' })
        assert.deepEqual((await sets.add('WEB', '10.0.0.1,tcp:80')).failed, [])
        assert.equal(await sets.has('WEB', '10.0.0.1,tcp:80'), true)
      },
    )
    await trial.step(
      {
        en: 'Let a rule look the requests up in that set, which has counters',
        zh: '用规则在这个带计数器的集合中查找请求',
        classic: 'iptables -A INPUT -m set --match-set WEB dst,dst',
      },
      () => trial.command('host', 'iptables -A INPUT -m set --match-set WEB dst,dst'),
    )
    await trial.works('client', 'http://10.0.0.1/', {
      en: 'The rule has no target: the server answers',
      zh: '规则没有动作，服务器正常应答',
      path: 'client → host: INPUT, WEB dst,dst → host → client',
      servers: ['host'],
      client: '10.0.0.8',
    })
    await trial.holds(
      { en: 'The entry has counted the packets of the request', zh: '条目统计了请求的报文数' },
      async () => {
        const [entry] = await sets.entries('WEB')
        assert.ok((entry?.packets ?? 0n) >= 4n, `${entry?.packets} packets`)
      },
    )

    async function extensionsOf(type: SetTypeName): Promise<string[]> {
      const taken: string[] = []
      for (const extension of extensions) {
        const name = `${type}-${extension}`
        const refused = await sets.create(name, type, { ...needed(type), [extension]: true }).then(
          () => false,
          () => true,
        )
        if (refused) continue
        taken.push(extension)
        await sets.destroy(name)
      }
      return taken
    }
  },
})

/** What a type cannot be made without. */
function needed(type: SetTypeName): SetOptions {
  if (type === 'bitmap:port') return { range: '0-1023' }
  return type.startsWith('bitmap:') ? { range: '10.0.0.0/24' } : {}
}

/** A list matches as its members do, of up to three fields. */
function fieldsOf(type: SetTypeName): number {
  return type === 'list:set' ? 3 : type.slice(type.indexOf(':') + 1).split(',').length
}

function directionsOf(type: SetTypeName): string {
  if (type === 'list:set') return 'as its members'
  return Array<string>(fieldsOf(type)).fill('src|dst').join(',')
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
