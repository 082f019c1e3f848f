import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'

import { openKernel } from '../../lib/index.js'
import { capabilitiesOf, doctor, WITHOUT_NET_ADMIN } from '../support/doctor.js'

const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 }

test('a kernel with IPVS says which schedulers it has, and asking leaves no service behind', async () => {
  const kernel = await openKernel()
  try {
    const { ipvs, schedulers, dummyLinks, sets } = await kernel.capabilities()
    assert.deepEqual([ipvs.available, sets.available, dummyLinks.available], [true, true, true])
    assert.deepEqual(await kernel.ipvs.services(), [])
    for (const [scheduler, { available }] of Object.entries(schedulers)) {
      const key = { fwmark: 1, family: 'inet' } as const
      const works = await kernel.ipvs.addService({ ...key, scheduler }).then(
        () => kernel.ipvs.removeService(key).then(() => true),
        () => false,
      )
      assert.equal(available, works, scheduler)
    }
    assert.ok(Object.keys(schedulers).length >= 14)
  } finally {
    await kernel.close()
  }
})

test('without CAP_NET_ADMIN every call says what it wants, reading and writing', () => {
  const library = join(__dirname, '..', '..', 'lib', 'index.js')
  const program = `
    const { Batch, openKernel } = require(${JSON.stringify(library)})
    const refusal = (call) => call.then(() => 'was allowed', ({ name, code, message }) => ({ name, code, message }))
    void openKernel().then(async (kernel) => {
      const { failed } = await kernel.commit(new Batch().addService(${JSON.stringify(service)}))
      console.log(JSON.stringify({
        info: await refusal(kernel.ipvs.info()),
        services: await refusal(kernel.ipvs.services().toArray()),
        snapshot: await refusal(kernel.ipvs.snapshot()),
        addService: await refusal(Promise.reject(failed[0].error)),
        flush: await refusal(kernel.ipvs.flush()),
      }))
    })`
  const [setpriv = '', ...words] = [...WITHOUT_NET_ADMIN, process.execPath, '-e', program]
  const answers = JSON.parse(execFileSync(setpriv, words, { encoding: 'utf8' })) as Record<string, unknown>
  const wants = 'IPVS wants CAP_NET_ADMIN in the initial user namespace, also for reading (EPERM)'
  const expected = ['info', 'services', 'snapshot', 'addService tcp 10.0.0.1:80', 'flush'].map((what) => [
    what.split(' ')[0],
    { name: 'NetlinkError', code: 'EPERM', message: `${what}: ${wants}` },
  ])
  assert.deepEqual(answers, Object.fromEntries(expected))
})

test('doctor finds nothing essential missing', async () => {
  const run = await doctor(['--json'])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.equal(capabilitiesOf(run).ipvs.available, true)
})
