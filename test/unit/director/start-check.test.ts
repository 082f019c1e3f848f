/** What a director finds missing when it starts, and what it says about it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Planner, UnsupportedFeatureError } from '../../../lib/index.js'
import { findMissing } from '../../../lib/director/plane/start-check.js'
import { setMatchProblem } from '../../../lib/iptables/program.js'
import { service } from '../../conformance/row.js'
import { setUp } from '../../support/director-setup.js'

const there = { available: true }
const absent = { available: false, reason: 'not in this kernel', remedy: 'modprobe it' }
const everything = { ipvs: there, schedulers: {}, sets: there, setTypes: {}, dummyLinks: there }
const matches = (reason?: string) => ({ whyNoSetMatch: async () => reason })
const facts = { name: 'test-node', addresses: [], kernelRelease: '6.1.0' }

function planned(scheduler = 'rr') {
  const planner = new Planner(facts)
  planner.upsertService(service({ annotations: { 'ipvs-director.io/scheduler': scheduler } }))
  return planner.state
}

function missing(lacks: object, inet6?: string) {
  const kernel = { forwardingCapabilities: async () => ({ ...everything, ...lacks }) }
  return findMissing(kernel, { inet: matches(), inet6: matches(inet6) }, planned())
}

test('a kernel that has everything lacks nothing', async () => {
  assert.deepEqual(await missing({}), [])
})

test('the kernel is asked for the schedulers of the planned services, and no others', async () => {
  const asked: (readonly string[])[] = []
  const kernel = {
    forwardingCapabilities: async (schedulers: readonly string[]) => {
      asked.push(schedulers)
      return everything
    },
  }
  await findMissing(kernel, { inet: matches(), inet6: matches() }, planned('mh'))
  assert.deepEqual(asked, [['mh']])
})

test('without IPVS or IP sets nothing can be programmed', async () => {
  for (const [lacks, feature] of [
    [{ ipvs: absent }, 'IPVS'],
    [{ sets: absent }, 'IP sets'],
  ] as const)
    await assert.rejects(missing(lacks), { code: 'ERR_UNSUPPORTED_FEATURE', feature, remedy: 'modprobe it' })
})

test('a scheduler, a planned set type, dummy links and the match of sets are named where they are missing', async () => {
  const lacks = {
    schedulers: { mh: absent, rr: there, wlc: { available: false, reason: 'the kernel did not say' } },
    setTypes: { 'hash:ip,port': absent, 'hash:mac': absent },
    dummyLinks: absent,
  }
  const found = await missing(lacks, "Couldn't load match `set'")
  assert.deepEqual(
    found.map(({ error }) => error.feature),
    ['scheduler mh', 'set type hash:ip,port', 'dummy links', 'the match of sets in ip6tables'],
  )
  assert.deepEqual(found.map(({ scheduler }) => scheduler).filter(Boolean), ['mh'])
})

test('a set that is not there is no missing match', () => {
  assert.equal(
    setMatchProblem("iptables-restore v1.8.9 (legacy): Set nobody doesn't exist.\n\nError"),
    undefined,
  )
  assert.equal(
    setMatchProblem("iptables-restore v1.8.9 (legacy): Couldn't load match `set':No such file\nError"),
    "iptables-restore v1.8.9 (legacy): Couldn't load match `set':No such file",
  )
})

test('what is missing is told once with who does without, stands in the status, and is asked for until it is there', async (context) => {
  const { plane, director } = setUp(context)
  const error = new UnsupportedFeatureError('scheduler mh', 'not in this kernel', 'modprobe ip_vs_mh')
  let found = [{ error, scheduler: 'mh' }]
  let asked = 0
  plane.missing = async () => {
    asked++
    return found
  }
  const told: (readonly string[])[] = []
  director.on('missing', ({ owners }) => told.push(owners))
  director.upsertService(service({ annotations: { 'ipvs-director.io/scheduler': 'mh' } }))
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  await director.plan()
  await director.sync()
  assert.deepEqual(told, [['ns/svc']])
  assert.deepEqual(director.status().missing, [error])
  found = []
  await director.sync({ full: true })
  assert.deepEqual(director.status().missing, [])
  await director.sync({ full: true })
  assert.equal(asked, 2)
})

test('a scheduler that the kernel does not have makes no pass look at everything again', async (context) => {
  const { plane, director } = setUp(context)
  plane.refuse = (change) => (change.type === 'addService' ? 'ENOENT' : undefined)
  director.upsertService(service())
  await director.sync()
  director.upsertService(service({ name: 'other', clusterIP: '10.20.30.42' }))
  await director.sync()
  assert.equal(plane.observations, 1)
})

test('without the dummy link an address waits, and its reason is the link’s', async (context) => {
  const { plane, director } = setUp(context)
  plane.refuse = ({ type }) => (type === 'createLink' ? 'ERR_UNSUPPORTED_FEATURE' : undefined)
  director.upsertService(service())
  const { failed } = await director.sync()
  const reasons = failed
    .filter(({ change }) => change.type === 'addAddress')
    .map(({ error }) => error.message)
  assert.deepEqual(reasons, ['createLink: ERR_UNSUPPORTED_FEATURE'])
  assert.deepEqual([...plane.kernel.services.keys()], ['tcp 10.20.30.41:80'])
  plane.refuse = () => undefined
  await director.sync({ full: true })
  assert.deepEqual([...(plane.kernel.link?.addresses ?? [])], ['10.20.30.41'])
})

test('entries of a set that could not be made wait for it, for its reason', async (context) => {
  const { plane, director } = setUp(context)
  plane.refuse = (change) =>
    change.type === 'createSet' && change.definition.name === 'KUBE-CLUSTER-IP' ? 'ENOMEM' : undefined
  director.upsertService(service())
  const { failed } = await director.sync()
  const reasons = failed.filter(({ change }) => change.type === 'addEntry').map(({ error }) => error.message)
  assert.deepEqual(reasons, ['createSet: ENOMEM'])
})
