/**
 * A director, two real servers and a client, each in a network namespace of its own: services are read from a file,
 * programmed in one batch, and then 20 HTTP requests go through the virtual address.
 *
 * Needs root and a kernel with IPVS; run.ts finds one.
 */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'

import {
  Batch,
  directorNetwork,
  formatTable,
  openKernel,
  Topology,
  type Namespace,
  type Server,
  type Service,
} from 'ipvs-director'
import { parse } from 'yaml'

const REQUESTS = 20
// Compiled, this file is in dist/; the manifest stays where it was written.
const MANIFEST = join(__dirname, '..', '..', '..', 'examples', 'demo', 'services.yaml')

interface Manifest {
  readonly services: readonly (Service & { address: string; port: number; servers: readonly Server[] })[]
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<void> {
  say(`kernel ${release()}, Node ${process.version}`)
  say(
    '1. lay out the network: client 10.1.0.2 ── director 10.1.0.1 (VIP 10.1.0.100) ── rs1 10.2.0.11, rs2 10.2.0.12',
  )
  const topology = await Topology.create(directorNetwork({ servers: 2, virtualAddresses: ['10.1.0.100/32'] }))
  try {
    await balance(topology.namespace('director'), topology.namespace('client'))
  } finally {
    await topology.close()
  }
}

async function balance(director: Namespace, client: Namespace): Promise<void> {
  say('2. read the services from examples/demo/services.yaml')
  const { services } = parse(readFileSync(MANIFEST, 'utf8')) as Manifest
  const batch = new Batch()
  for (const { servers, ...service } of services) {
    batch.addService(service)
    for (const server of servers) batch.addServer(service, server)
  }

  say(`3. program the director's namespace: ${batch.size} operations in one batch`)
  const kernel = await openKernel({ netns: director.path })
  try {
    const report = await kernel.commit(batch)
    if (report.failed[0] !== undefined) throw report.failed[0].error
    say(`   ${report.applied} applied in ${report.elapsedMs.toFixed(2)} ms`)

    const [service] = services
    if (service === undefined) throw new Error('the manifest has no service')
    const url = `http://${service.address}:${service.port}/`
    say(`4. send ${REQUESTS} requests to ${url} from the client`)
    const answers = await sendRequests(client, url)
    for (const [server, count] of answers) say(`   ${server} answered ${count} times`)

    say('5. the table, as ipvsadm would show it')
    say(formatTable(await kernel.ipvs.snapshot(), { info: await kernel.ipvs.info() }).trimEnd())
    checkBalance(answers, service.servers.length)
    say('done: the director balanced real traffic')
  } finally {
    await kernel.close()
  }
}

async function sendRequests(client: Namespace, url: string): Promise<Map<string, number>> {
  const answers = new Map<string, number>()
  for (let request = 0; request < REQUESTS; request++) {
    const { backend } = await client.request(url, { timeoutSeconds: 5 })
    const name = backend?.server ?? 'nobody'
    answers.set(name, (answers.get(name) ?? 0) + 1)
  }
  return new Map([...answers].sort())
}

/** Round robin gives every server the same share; anything else is a failure, and the demo says so. */
function checkBalance(answers: ReadonlyMap<string, number>, servers: number): void {
  const share = REQUESTS / servers
  const even = answers.size === servers && [...answers.values()].every((count) => count === share)
  if (!even)
    throw new Error(
      `expected ${share} answers from each of ${servers} servers, got ${JSON.stringify([...answers])}`,
    )
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
