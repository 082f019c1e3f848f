import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Planner, plan } from '../../../lib/index.js'
import { readManifests } from '../../../lib/sources/manifests.js'
import { wishAll } from '../../../lib/sources/wish.js'
import { defaultFacts } from '../../conformance/row.js'

async function withFile<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'))
  try {
    const file = join(folder, 'objects.yaml')
    await writeFile(file, text)
    return await use(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('the example is two services with their servers', async () => {
  const state = plan(await readManifests(['examples/director/web.yaml']), defaultFacts)
  assert.deepEqual([...state.services.keys()], ['tcp 10.96.0.10:80', 'udp 198.51.100.53:53'])
  const [web, dns] = [...state.services.values()]
  assert.deepEqual([...(web?.servers.keys() ?? [])], ['10.244.0.11:8080', '10.244.0.12:8080'])
  assert.equal(dns?.servers.get('10.244.0.22:53')?.weight, 2)
})

test('lists are read through, JSON is YAML, other kinds are told', async () => {
  const service = {
    kind: 'Service',
    metadata: { name: 'a' },
    spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] },
  }
  const list = { kind: 'List', items: [service, { kind: 'Deployment', metadata: { name: 'b' } }] }
  await withFile(JSON.stringify(list), async (file) => {
    const { services, ignored } = await readManifests([file])
    assert.equal(services.length, 1)
    assert.deepEqual(ignored, [`${file}:1: Deployment`])
  })
})

test('an empty file holds no wish', async () => {
  await withFile('# nothing\n', async (file) => {
    assert.deepEqual((await readManifests([file])).services, [])
  })
})

test('what is no object, or no YAML, names its file', async () => {
  for (const text of ['- 1\n', '{ a: [', 'metadata: { name: x }\n']) {
    await withFile(text, async (file) => {
      await assert.rejects(readManifests([file]), (error: { code: string; field: string }) => {
        assert.equal(error.code, 'ERR_INVALID_ARGUMENT')
        assert.ok(error.field.startsWith(file))
        return true
      })
    })
  }
})

test('a file that is not there is named', async () => {
  await assert.rejects(readManifests(['no-such-file.yaml']), { code: 'ERR_INVALID_ARGUMENT', field: 'file' })
})

test('an object that makes no sense is refused by its file and name, and keeps no other from being wished', async () => {
  const text = [
    'kind: Service',
    'metadata: { name: broken, namespace: b, annotations: { ipvs-director.io/weight: heavy } }',
    'spec: { clusterIP: 10.96.0.2, ports: [{ port: 80 }] }',
    '---',
    'kind: EndpointSlice',
    'metadata: { name: custom, namespace: a }',
    'addressType: IPv4',
    '---',
    'kind: VirtualService',
    'metadata: { name: typo }',
    'spec: { protocol: tcp, address: 10.96.0.3, port: 80, sheduler: rr, servers: [] }',
    '---',
    'kind: Service',
    'metadata: { name: good, namespace: a }',
    'spec: { clusterIP: 10.96.0.1, ports: [{ port: 80 }] }',
    '',
  ].join('\n')
  await withFile(text, async (file) => {
    const planner = new Planner(defaultFacts)
    const refused = wishAll(planner, await readManifests([file]))
    assert.deepEqual([...planner.state.services.keys()], ['tcp 10.96.0.1:80'])
    assert.deepEqual(
      refused.map((line) => line.split(': ', 2).join(': ')),
      [`${file}:5: EndpointSlice a/custom`, `${file}:1: Service b/broken`, `${file}:9: VirtualService typo`],
    )
    assert.match(refused[1] ?? '', /metadata\.annotations\["ipvs-director\.io\/weight"\]/)
  })
})

test('an object of a list is named by its own line', async () => {
  const text = 'kind: List\nitems:\n- kind: Pod\n- kind: Deployment\n'
  await withFile(text, async (file) => {
    assert.deepEqual((await readManifests([file])).ignored, [`${file}:3: Pod`, `${file}:4: Deployment`])
  })
})

for (const [what, text, field] of [
  ['a service', 'kind: Service\nspec: { clusterIP: 10.96.0.1 }\n', 'Service (without a name): metadata.name'],
  ['a slice', 'kind: EndpointSlice\nmetadata: { name: "" }\n', 'EndpointSlice : metadata.name'],
  [
    'a plain service',
    'kind: VirtualService\nspec: { protocol: tcp, address: 10.96, port: 80, servers: [] }\n',
    'VirtualService (without a name): spec.address',
  ],
] as const) {
  test(`${what} that nobody can name refuses the file: what it was before cannot be told`, async () => {
    await withFile(text, async (file) => {
      await assert.rejects(readManifests([file]), { field: `${file}:1: ${field}` })
    })
  })
}
