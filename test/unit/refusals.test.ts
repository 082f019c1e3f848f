/** What an operation's refusal says, for each room. No privilege needed: the kernel's answers are given. */
import assert from 'node:assert/strict'
import test from 'node:test'
import * as library from '../../lib/index.js'
import { AbortError, Batch, type DirectorError } from '../../lib/index.js'
import { explainWrite } from '../../lib/conntrack/explain.js'
import { explainChange } from '../../lib/ipset/explain.js'

const LOST = 0
const ENOENT = 2
const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const

function refusal(batch: Batch, code: number): DirectorError {
  return batch.runs[0]?.explain(0, code, '') ?? assert.fail('an empty batch')
}

test('a reply that was lost is an unknown outcome, and never a refusal', () => {
  const errors: [string, string, DirectorError][] = [
    ['addService', 'tcp 10.0.0.1:80', refusal(new Batch().addService(service), LOST)],
    [
      'addServer',
      'tcp 10.0.0.1:80 → 10.1.0.1:80',
      refusal(new Batch().addServer(service, { address: '10.1.0.1' }), LOST),
    ],
    ['addAddress', '10.0.0.1/32 on lo', refusal(new Batch().addAddress('lo', '10.0.0.1'), LOST)],
    ['addEntry', 'hosts 10.0.0.1', explainChange('addEntry', { set: 'hosts', entry: '10.0.0.1' }, LOST, '')],
  ]
  for (const [operation, target, error] of errors) {
    assert.deepEqual(
      [error.code, error.errno, error.operation],
      ['ERR_UNKNOWN_OUTCOME', undefined, operation],
    )
    assert.equal(
      error.message,
      `${operation} ${target}: the kernel's reply was lost; the operation may have taken effect`,
    )
  }
})

test('so it is for a flow of conntrack', () => {
  const error = explainWrite('create', LOST, '')
  assert.deepEqual([error.code, error.errno, error.operation], ['ERR_UNKNOWN_OUTCOME', undefined, 'create'])
  assert.match(error.message, /the kernel's reply was lost; the flow may have been written/)
})

test('where IPVS does not find a scheduler or an engine, which it does not tell apart, both modules are named', () => {
  assert.match(
    refusal(new Batch().addService({ ...service, scheduler: 'mh' }), ENOENT).message,
    /no scheduler 'mh'; load it: modprobe ip_vs_mh \(ENOENT\)$/,
  )
  const persistence = { timeoutSeconds: 60 }
  for (const batch of [
    new Batch().addService({ ...service, persistence, persistenceEngine: 'sip' }),
    new Batch().updateService({ ...service, persistence, persistenceEngine: 'sip' }),
  ]) {
    assert.match(
      refusal(batch, ENOENT).message,
      /no scheduler 'wlc' or persistence engine 'sip'; load it: modprobe ip_vs_wlc ip_vs_pe_sip \(ENOENT\)$/,
    )
  }
})

test('every class of errors carries its own name; those of an abort the name that the platform gives it', () => {
  const classes = Object.entries<unknown>(library).filter(([, value]) => isErrorClass(value))
  assert.ok(classes.length >= 8)
  for (const [name, type] of classes as [string, typeof DirectorError][]) {
    const aborts = type.prototype instanceof AbortError
    assert.equal(type.prototype.name, aborts ? 'AbortError' : name)
  }
})

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Error
}
