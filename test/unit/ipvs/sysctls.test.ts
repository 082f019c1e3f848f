/** Typed settings of IPVS over a kernel that is a map. */
import assert from 'node:assert/strict'
import test from 'node:test'

import {
  InvalidArgumentError,
  IpvsSysctls,
  NetlinkError,
  ipvsSysctls,
  type IpvsSysctlName,
  type IpvsSysctlValues,
  type Sysctls,
  type UnsupportedFeatureError,
} from '../../../lib/index.js'

/** The settings of Linux 6.1, as far as these tests look at them. */
function kernelOf(values: Record<string, string>): { settings: IpvsSysctls; written: [string, unknown][] } {
  const written: [string, unknown][] = []
  const missing = (name: string): NetlinkError => new NetlinkError(name, { code: 'ENOENT' })
  const sysctls = {
    async get(name: string) {
      const value = values[name]
      if (value === undefined) throw missing(name)
      return value
    },
    async setAll(wanted: Record<string, string>) {
      written.push(...Object.entries(wanted))
      const names = Object.keys(wanted)
      return {
        applied: names.filter((name) => name in values),
        failed: names
          .filter((name) => !(name in values))
          .map((name) => ({ name, value: wanted[name], error: missing(name) })),
      }
    },
    list: async () => Object.keys(values),
  }
  const host = { sysctls: sysctls as unknown as Sysctls, ready: async () => undefined }
  return { settings: new IpvsSysctls(host), written }
}

const old = {
  'net.ipv4.vs.conn_reuse_mode': '1',
  'net.ipv4.vs.expire_nodest_conn': '2',
  'net.ipv4.vs.sync_threshold': '3\t50',
  'net.ipv4.vs.of_tomorrow': '7',
}

test('values come typed: numbers, booleans, the pair', async () => {
  const { settings } = kernelOf(old)
  assert.deepEqual(await settings.all(), {
    connReuseMode: 1,
    expireNodestConn: true,
    syncThreshold: { threshold: 3, period: 50 },
  })
  assert.deepEqual(await settings.get('syncThreshold'), { threshold: 3, period: 50 })
})

test('what an older kernel lacks is told with the release that has it', async () => {
  const { settings } = kernelOf(old)
  const missing = await settings.missing()
  assert.equal(missing.find(({ name }) => name === 'estNice')?.minimumKernel, '6.2')
  assert.ok(!missing.some(({ name }) => name === 'connReuseMode'))
  await assert.rejects(settings.get('estNice'), (error: UnsupportedFeatureError) => {
    assert.equal(error.code, 'ERR_UNSUPPORTED_FEATURE')
    assert.equal(error.minimumKernel, '6.2')
    return true
  })
})

test('several are set in their order, and the report says which one was not', async () => {
  const { settings, written } = kernelOf(old)
  const report = await settings.set({
    expireNodestConn: false,
    estNice: -20,
    syncThreshold: { threshold: 1, period: 10 },
  })
  assert.deepEqual(written, [
    ['net.ipv4.vs.expire_nodest_conn', '0'],
    ['net.ipv4.vs.est_nice', '-20'],
    ['net.ipv4.vs.sync_threshold', '1 10'],
  ])
  assert.deepEqual(report.applied, ['expireNodestConn', 'syncThreshold'])
  assert.deepEqual(
    report.failed.map(({ name, value, error }) => [name, value, error.code]),
    [['estNice', -20, 'ERR_UNSUPPORTED_FEATURE']],
  )
})

test('a value outside its range is refused with its field, before anything is written', async () => {
  const wrong: [Partial<Record<IpvsSysctlName | 'nonsense', unknown>>, string][] = [
    [{ connReuseMode: 4 }, 'connReuseMode'],
    [{ dropEntry: -1 }, 'dropEntry'],
    [{ syncPorts: 3 }, 'syncPorts'],
    [{ syncPorts: 128 }, 'syncPorts'],
    [{ estNice: 20 }, 'estNice'],
    [{ estCpulist: '0-' }, 'estCpulist'],
    [{ expireNodestConn: 1 }, 'expireNodestConn'],
    [{ syncThreshold: { threshold: 50, period: 50 } }, 'syncThreshold.threshold'],
    [{ syncThreshold: { threshold: 1, period: -1 } }, 'syncThreshold.period'],
    [{ syncThreshold: 3 }, 'syncThreshold'],
    [{ nonsense: 1 }, 'values.nonsense'],
  ]
  for (const [values, field] of wrong) {
    const { settings, written } = kernelOf(old)
    const attempt = settings.set({ backupOnly: true, ...(values as Partial<IpvsSysctlValues>) })
    await assert.rejects(attempt, (error: InvalidArgumentError) => {
      assert.equal(error.field, field)
      return error instanceof InvalidArgumentError
    })
    assert.deepEqual(written, [])
  }
})

test('a period of 0 allows any threshold', async () => {
  const { settings } = kernelOf(old)
  const report = await settings.set({ syncThreshold: { threshold: 9, period: 0 } })
  assert.deepEqual(report.applied, ['syncThreshold'])
})

test('a name that is no setting is refused', async () => {
  const { settings } = kernelOf(old)
  await assert.rejects(settings.get('toString' as IpvsSysctlName), {
    code: 'ERR_INVALID_ARGUMENT',
    field: 'name',
  })
})

test('our names are the kernel’s without underscores', () => {
  for (const [name, { kernelName }] of Object.entries(ipvsSysctls)) {
    assert.equal(
      name,
      kernelName.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    )
  }
})
